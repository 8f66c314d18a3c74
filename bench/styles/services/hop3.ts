import { hopService } from "../hop.ts";

export const hop3 = hopService("hop3");
