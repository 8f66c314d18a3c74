import { EmptyState } from "../../components/states.tsx";
import { icons } from "../../icons.ts";
import type { Page } from "../../page.ts";

function Metrics() {
  return <EmptyState title="Nothing has been seen yet" />;
}

export const page: Page = { path: "/metrics", title: "Metrics", icon: icons.metrics, component: Metrics };
