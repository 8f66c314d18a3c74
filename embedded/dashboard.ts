import { dashboardFiles } from "./dashboard.macro.ts" with { type: "macro" };

/** The dashboard as the binary has it: address → text. */
export const embeddedDashboard: Readonly<Record<string, string>> = dashboardFiles();
