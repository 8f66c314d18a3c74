import { EmptyState } from "../../components/states.tsx";
import { icons } from "../../icons.ts";
import type { Page } from "../../page.ts";

function MapPage() {
  return <EmptyState title="Nothing has been seen yet" />;
}

export const page: Page = { path: "/map", title: "Map", icon: icons.map, component: MapPage };
