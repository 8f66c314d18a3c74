import { hopService } from "../hop.ts";

export const hop2 = hopService("hop2");
