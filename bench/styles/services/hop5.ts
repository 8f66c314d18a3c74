import { hopService } from "../hop.ts";

export const hop5 = hopService("hop5");
