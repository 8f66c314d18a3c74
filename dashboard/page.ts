import type { ComponentType } from "preact";

/** What a page's component is given. */
export interface PageProps {
  /** What follows the page's path: `""`, or `4bf92f…` of `/traces/4bf92f…`. Decoded. */
  readonly rest: string;
}

/**
 * One page is one folder, dashboard/pages/<name>/ with page.tsx exporting `page`, and one line in pages.ts. Its address
 * beside the path, what is chosen and filtered, belongs into the query (router.ts), so that it can be kept and sent.
 */
export interface Page {
  /** `/traces`. All addresses below it are the page's too. */
  readonly path: string;
  readonly title: string;
  /** The `d` of a 24 × 24 path that is stroked, not filled; see icons.ts. */
  readonly icon: string;
  readonly component: ComponentType<PageProps>;
  /** Of what runs only: a recording has it not. Says why, to who follows an old link. */
  readonly liveOnly?: string;
}
