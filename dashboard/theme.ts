import { effect, signal } from "@preact/signals";

export const themes = ["system", "light", "dark"] as const;
export type Theme = (typeof themes)[number];

const key = "microcosm.theme";

export const theme = signal<Theme>(stored());

/** Whether it is dark now, by choice or by the system: for canvases, which know no CSS. */
const systemDark = matchMedia("(prefers-color-scheme: dark)");
export const dark = signal(systemDark.matches);

/** Keeps the page in the chosen theme. Returns how to stop. */
export function startTheme(): () => void {
  const apply = () => {
    const chosen = theme.value;
    if (chosen === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = chosen;
    dark.value = chosen === "dark" || (chosen === "system" && systemDark.matches);
  };
  const stop = effect(apply);
  systemDark.addEventListener("change", apply);
  return () => {
    stop();
    systemDark.removeEventListener("change", apply);
  };
}

/** A token's colour as canvases need it, for the theme there is now: `--call`. */
export function colourOf(token: `--${string}`): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${token})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

export function nextTheme(): void {
  chooseTheme(themeAfter(theme.value));
}

export function themeAfter(now: Theme): Theme {
  return themes[(themes.indexOf(now) + 1) % themes.length]!;
}

export function chooseTheme(chosen: Theme): void {
  theme.value = chosen;
  try {
    localStorage.setItem(key, chosen);
  } catch {
    // Where nothing may be stored, the choice lasts as long as the page.
  }
}

function stored(): Theme {
  try {
    const found = localStorage.getItem(key);
    return themes.find((one) => one === found) ?? "system";
  } catch {
    return "system";
  }
}
