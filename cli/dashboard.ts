import type { PageFiles } from "../runtime/control/routes/pages.ts";

/** The dashboard's files: built in, or bundled from its sources when this program runs from its own. */
export async function dashboardFiles(): Promise<PageFiles> {
  if (import.meta.url.includes("$bunfs")) {
    return (await import("../embedded/dashboard.ts")).embeddedDashboard;
  }
  return await (await import("../dashboard/bundle.ts")).bundleDashboard();
}
