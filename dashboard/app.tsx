import { useErrorBoundary } from "preact/hooks";
import { LostBanner, RecordingBanner } from "./banner.tsx";
import { EmptyState, ErrorState } from "./components/states.tsx";
import { Header } from "./header.tsx";
import type { Page } from "./page.ts";
import { pages } from "./pages.ts";
import { recording } from "./recording.ts";
import { path } from "./router.ts";

/** The frame around every page. */
export function App() {
  const place = path.value;
  const page = pageAt(place);
  if (page !== undefined) document.title = `${page.title} · Microcosm`;
  return (
    <>
      <a class="skip" href="#main">
        Skip to the page
      </a>
      <Header current={page} />
      <RecordingBanner />
      <LostBanner />
      <main id="main" class="main" tabIndex={-1}>
        {page === undefined ? (
          <ErrorState title="There is no such page" detail={`Nothing of the dashboard is at ${place}.`} />
        ) : page.liveOnly !== undefined && recording.value !== undefined ? (
          <EmptyState title={`A recording has no page ${page.title}`}>{page.liveOnly}</EmptyState>
        ) : (
          <Guarded key={page.path} page={page} rest={restOf(place, page)} />
        )}
      </main>
    </>
  );
}

/** A page that fails takes neither the frame nor the other pages with it. */
function Guarded({ page, rest }: { page: Page; rest: string }) {
  const [error, reset] = useErrorBoundary();
  if (error !== undefined) {
    const detail = error instanceof Error ? error.message : String(error);
    return <ErrorState title={`The page ${page.title} failed`} detail={detail} retry={reset} />;
  }
  const Component = page.component;
  return <Component rest={rest} />;
}

function pageAt(place: string): Page | undefined {
  if (place === "/") return pages[0];
  return pages.find((page) => place === page.path || place.startsWith(`${page.path}/`));
}

function restOf(place: string, page: Page): string {
  const rest = place.slice(page.path.length + 1);
  try {
    return decodeURIComponent(rest);
  } catch {
    return rest;
  }
}
