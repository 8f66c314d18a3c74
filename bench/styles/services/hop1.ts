import { hopService } from "../hop.ts";

export const hop1 = hopService("hop1");
