import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Gateways, route } from "../gateway.case.ts";

const gateways = new Gateways();
afterEach(() => gateways.stopAll());

const script = `export const text = ${JSON.stringify("lorem ".repeat(500))};`;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "microcosm-static-"));
  await mkdir(join(folder, "site/docs/deep"), { recursive: true });
  await Bun.write(join(folder, "secret.txt"), "HIDDEN");
  await Bun.write(join(folder, "site/.env"), "HIDDEN");
  await Bun.write(join(folder, "site/index.html"), "<h1>home</h1>");
  await Bun.write(join(folder, "site/app.js"), script);
  await Bun.write(join(folder, "site/a b.txt"), "spaced");
  await Bun.write(join(folder, "site/empty.css"), "");
  await Bun.write(join(folder, "site/docs/index.html"), "<h1>docs</h1>");
  await symlink(join(folder, "secret.txt"), join(folder, "site/link.txt"));
});
afterAll(() => rm(folder, { recursive: true }));

function start() {
  return gateways.start({
    config: {
      routes: [route("/v1/items")],
      static: [
        { path: "/", directory: join(folder, "site"), maxAgeMs: 60_000 },
        { path: "/gone", directory: join(folder, "missing"), maxAgeMs: 0 },
      ],
    },
  });
}

describe("static files", () => {
  test("come with type, age, ETag, and the headers a page needs", async () => {
    const gateway = await start();
    const home = await gateway.fetch("/");
    expect(await home.text()).toBe("<h1>home</h1>");
    expect(home.headers.get("content-type")).toStartWith("text/html");
    expect(home.headers.get("cache-control")).toBe("public, max-age=60");
    expect(home.headers.get("content-security-policy")).toContain("default-src 'self'");
    expect((await gateway.fetch("/a%20b.txt")).headers.get("content-type")).toStartWith("text/plain");
    expect(await (await gateway.fetch("/a%20b.txt")).text()).toBe("spaced");
    expect((await gateway.fetch("/empty.css")).status).toBe(200);
    const etag = home.headers.get("etag")!;
    const same = await gateway.fetch("/", { headers: { "if-none-match": etag } });
    expect(same.status).toBe(304);
    expect(await same.text()).toBe("");
  });

  test("answer HEAD with the length and no body", async () => {
    const gateway = await start();
    const head = await gateway.fetch("/app.js", {
      method: "HEAD",
      headers: { "accept-encoding": "identity" },
    });
    expect(head.headers.get("content-length")).toBe(String(script.length));
    expect(await head.text()).toBe("");
  });

  test("are compressed for who takes it", async () => {
    const gateway = await start();
    for (const encoding of ["gzip", "br", "zstd"]) {
      const file = await gateway.fetch("/app.js", { headers: { "accept-encoding": encoding } });
      expect(file.headers.get("content-encoding")).toBe(encoding);
      expect(await file.text()).toBe(script);
    }
  });

  test("leave routes and unknown paths alone", async () => {
    const gateway = await start();
    expect(await (await gateway.fetch("/v1/items")).json()).toEqual({});
    const wrongMethod = await gateway.fetch("/v1/items", { method: "DELETE" });
    expect(wrongMethod.status).toBe(405);
    for (const path of ["/nothing.html", "/gone/x", "/gone", "/app.js/", "/docs/deep/"]) {
      const missing = await gateway.fetch(path);
      expect([path, missing.status]).toEqual([path, 404]);
      expect(missing.headers.get("content-type")).toBe("application/problem+json");
    }
    expect((await gateway.fetch("/", { method: "POST" })).status).toBe(404);
  });

  test("a folder's index is behind the slash", async () => {
    const gateway = await start();
    const redirect = await gateway.fetch("/docs?x=1");
    expect(redirect.status).toBe(308);
    expect(redirect.headers.get("location")).toBe("/docs/?x=1");
    expect(await (await gateway.fetch("/docs/")).text()).toBe("<h1>docs</h1>");
  });

  const attempts = [
    "/../secret.txt",
    "/docs/../../secret.txt",
    "/%2e%2e/secret.txt",
    "/..%2fsecret.txt",
    "/%2e%2e%2fsecret.txt",
    "/docs/..%2f..%2fsecret.txt",
    "/..%5csecret.txt",
    "/..\\secret.txt",
    "/%252e%252e/secret.txt",
    "/....//secret.txt",
    "//secret.txt",
    "//evil.example/docs",
    "/.env",
    "/%2eenv",
    "/link.txt",
    "/app.js%00.html",
    "/%ff",
    "/%",
    "/%2fetc/passwd",
  ];
  for (const attempt of attempts) {
    test(`do not leave their folder: ${attempt}`, async () => {
      const gateway = await start();
      const client = gateway.raw();
      client.send(`GET ${attempt} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      await client.until(({ received }) => received.includes("\r\n\r\n"));
      expect(client.received).toMatch(/^HTTP\/1\.1 (?:404|400) /);
      expect(client.received).not.toContain("HIDDEN");
      expect(client.received.toLowerCase()).not.toContain("location:");
      client.close();
    });
  }
});
