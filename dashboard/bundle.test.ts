import { expect, test } from "bun:test";
import { bundleDashboard } from "./bundle.ts";

const budgetBytes = 300 * 1024;

test("all scripts and styles are within their budget, and the page has nothing inline or from elsewhere", async () => {
  const files = await bundleDashboard();
  const sizes = Object.entries(files)
    .filter(([address]) => /\.(js|css)$/.test(address))
    .map(([, text]) => Bun.gzipSync(text).length);
  expect(sizes.length).toBeGreaterThan(1);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(budgetBytes);
  const html = files["/"] ?? "";
  expect(html).not.toMatch(/<style|style=|<script(?![^>]*src=)|https?:\/\//);
  // All at once, from the page itself: a style that is fetched late moves what is there already.
  for (const address of Object.keys(files).filter((one) => /\.(js|css)$/.test(one)))
    expect(html).toContain(address);
  for (const [, address] of html.matchAll(/(?:src|href)="([^"]+)"/g))
    expect(Object.keys(files)).toContain(address!);
});
