import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";

const candidates = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** The machine's Chromium, if there is one; CI installs it, so that nothing is left out there. */
export const chromiumPath: string | undefined =
  process.env.CHROMIUM ?? candidates.find((path) => existsSync(path));

export interface BrowserOptions {
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
  /** A Ctrl-C is heard by whoever has the browser, and closes it then; otherwise the browser goes first. */
  readonly staysOnSigint?: boolean;
}

export class Browser {
  readonly page: Page;
  readonly errors: string[] = [];
  readonly #context: BrowserContext;
  readonly #profile: string;

  private constructor(context: BrowserContext, page: Page, profile: string) {
    this.#context = context;
    this.page = page;
    this.#profile = profile;
    page.on("pageerror", (error) => this.errors.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") this.errors.push(message.text());
    });
  }

  static async open(options: BrowserOptions = {}): Promise<Browser> {
    if (chromiumPath === undefined) throw new Error("no Chromium: install it, or set CHROMIUM to its path");
    const profile = mkdtempSync(join(tmpdir(), "mc-chromium-"));
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: chromiumPath,
      headless: true,
      handleSIGINT: options.staysOnSigint !== true,
      viewport: { width: options.width ?? 1280, height: options.height ?? 800 },
      colorScheme: options.dark === true ? "dark" : "light",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    });
    const page = context.pages()[0] ?? (await context.newPage());
    return new Browser(context, page, profile);
  }

  /** A picture for people to look at, kept under tests/shots/. */
  async shoot(name: string): Promise<void> {
    const folder = join(import.meta.dir, "..", "shots");
    mkdirSync(folder, { recursive: true });
    await this.page.screenshot({ path: join(folder, `${name}.png`) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close();
    rmSync(this.#profile, { recursive: true, force: true });
  }
}
