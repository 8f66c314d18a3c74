import type { Page } from "./page.ts";
import { page as map } from "./pages/map/page.tsx";
import { page as metrics } from "./pages/metrics/page.tsx";
import { page as timeline } from "./pages/timeline/page.tsx";

/** In the order of the navigation; the first is where `/` leads. */
export const pages: readonly Page[] = [map, metrics, timeline];
