import { EmptyState } from "../../components/states.tsx";
import { icons } from "../../icons.ts";
import type { Page } from "../../page.ts";

function Timeline() {
  return <EmptyState title="Nothing has been seen yet" />;
}

export const page: Page = { path: "/timeline", title: "Timeline", icon: icons.timeline, component: Timeline };
