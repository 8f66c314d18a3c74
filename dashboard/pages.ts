import type { Page } from "./page.ts";
import { page as api } from "./pages/api/page.tsx";
import { page as bus } from "./pages/bus/page.tsx";
import { page as data } from "./pages/data/page.tsx";
import { page as logs } from "./pages/logs/page.tsx";
import { page as map } from "./pages/map/page.tsx";
import { page as metrics } from "./pages/metrics/page.tsx";
import { page as runs } from "./pages/runs/page.tsx";
import { page as timeline } from "./pages/timeline/page.tsx";
import { page as traces } from "./pages/traces/page.tsx";

/** In the order of the navigation; the first is where `/` leads. */
export const pages: readonly Page[] = [map, traces, logs, metrics, bus, data, api, timeline, runs];
