import axe, { type AxeResults } from "axe-core";
import type { Page } from "playwright-core";

/** Places told of each rule. */
const maxPlaces = 3;

/** What axe-core calls serious or critical on the page as it is now, with where. */
export async function seriousFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<AxeResults>(
    "axe.run(document, { resultTypes: ['violations'] })",
  );
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) =>
      nodes.slice(0, maxPlaces).map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
    );
}
