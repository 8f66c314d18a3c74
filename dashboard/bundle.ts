import { basename, join } from "node:path";

/** The dashboard's files as a browser gets them: address (`/`, `/assets/main-1f3a.js`) → text. */
export type DashboardFiles = Readonly<Record<string, string>>;

const folder = import.meta.dir;

/** Bundles the sources beside this file. Throws what Bun says is wrong with them. */
export async function bundleDashboard(): Promise<DashboardFiles> {
  const result = await Bun.build({
    entrypoints: [join(folder, "index.html")],
    target: "browser",
    minify: true,
    splitting: true,
    publicPath: "/assets/",
    naming: { entry: "[name].[ext]", chunk: "[name]-[hash].[ext]", asset: "[name]-[hash].[ext]" },
    define: { "process.env.NODE_ENV": '"production"' },
  });
  const files = await Promise.all(
    result.outputs.map(async (file) => {
      const name = basename(file.path);
      return [name === "index.html" ? "/" : `/assets/${name}`, await file.text()] as const;
    }),
  );
  return Object.fromEntries(files.map(([at, text]) => [at, at === "/" ? withParts(text, files) : text]));
}

/**
 * The page with what Bun does not name in it: parts that are read after the first paint are fetched before it, and their
 * styles are there from the beginning.
 */
function withParts(html: string, files: readonly (readonly [address: string, text: string])[]): string {
  const links = files
    .map(([address]) => address)
    .filter((address) => /\.(?:js|css)$/.test(address) && !html.includes(address))
    .map(
      (address) =>
        `<link rel="${address.endsWith(".css") ? "stylesheet" : "modulepreload"}" crossorigin href="${address}">`,
    );
  return html.replace("</head>", `${links.join("")}</head>`);
}
