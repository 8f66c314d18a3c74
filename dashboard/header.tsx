import { useEffect, useRef } from "preact/hooks";
import { Icon } from "./components/icon.tsx";
import { icons } from "./icons.ts";
import { connection, run } from "./live.ts";
import { keyOf } from "./page-keys.ts";
import type { Page } from "./page.ts";
import { pages } from "./pages.ts";
import { recording } from "./recording.ts";
import { Shortcuts } from "./shortcuts.tsx";
import { nextTheme, theme, themeAfter } from "./theme.ts";

const words = { connecting: "connecting", live: "live", lost: "not reachable" } as const;
const themeWords = { system: "as the system", light: "light", dark: "dark" } as const;

export function Header({ current }: { current: Page | undefined }) {
  const info = run.value;
  const state = connection.value;
  const isRecording = recording.value !== undefined;
  const shown = pages.filter(({ liveOnly }) => liveOnly === undefined || !isRecording);
  const nav = useRef<HTMLElement>(null);
  // Where not all pages have room, the one that is open is in sight.
  useEffect(() => {
    nav.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [current]);
  return (
    <header class="header">
      <a class="brand" href="/" aria-label={`${info?.name ?? "Microcosm"}, to the map`}>
        <Mark />
        <span class="brand-name">{info?.name ?? "Microcosm"}</span>
      </a>
      <nav ref={nav} class="nav" aria-label="Pages">
        {shown.map((page, place) => (
          <a
            key={page.path}
            href={page.path}
            class="nav-link"
            aria-keyshortcuts={keyOf(place)}
            aria-current={page === current ? "page" : undefined}
          >
            <Icon path={page.icon} />
            <span>{page.title}</span>
          </a>
        ))}
      </nav>
      <div class="header-end">
        <span class={`connection ${isRecording && state === "live" ? "recorded" : state}`} role="status">
          <span class="dot" aria-hidden="true" />
          {isRecording && state === "live" ? "recording" : words[state]}
        </span>
        {info !== undefined && !isRecording && (
          <a class="button quiet small" href={info.gateway} target="_blank" rel="noreferrer">
            Gateway
            <Icon path={icons.external} />
          </a>
        )}
        <Shortcuts pages={shown} />
        <ThemeButton />
      </div>
    </header>
  );
}

function ThemeButton() {
  const now = theme.value;
  const label = `Theme: ${themeWords[now]}. Change to ${themeWords[themeAfter(now)]}`;
  return (
    <button type="button" class="button quiet icon" title={label} aria-label={label} onClick={nextTheme}>
      <Icon path={icons[now]} />
    </button>
  );
}

function Mark() {
  return (
    <svg class="brand-mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" class="brand-ground" />
      <circle cx="16" cy="16" r="3.5" class="brand-sun" />
      <ellipse cx="16" cy="16" rx="11" ry="4.6" transform="rotate(-32 16 16)" class="brand-orbit" />
      <circle cx="25.3" cy="10.2" r="2.6" class="brand-planet" />
    </svg>
  );
}
