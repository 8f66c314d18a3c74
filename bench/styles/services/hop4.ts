import { hopService } from "../hop.ts";

export const hop4 = hopService("hop4");
