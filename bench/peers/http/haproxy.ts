import { join } from "node:path";
import { freePort, untilListening } from "../../ports.ts";
import { startServer } from "../child.ts";
import { programPath, type Side, versionOf } from "../side.ts";
import { type HttpRun, startBehind } from "./items-app.ts";

/** `http-reuse always` keeps the connections to the app; a thread a core is HAProxy's own default. */
const config = `global
defaults
  mode http
  http-reuse always
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend in
  bind 127.0.0.1:PORT
  default_backend app
backend app
  server app 127.0.0.1:UPSTREAM
`;

export const haproxy: Side<HttpRun> = {
  name: "HAProxy",
  does: "reverse proxy over kept TCP connections to the app on Bun.serve; no token check, rate limit, trace or metrics",
  config,
  version: () => versionOf(["haproxy", "-v"], /version ([\d.]+)/),
  start: (directory) =>
    startBehind(async (upstream) => {
      const port = await freePort();
      const file = join(directory, "haproxy.cfg");
      await Bun.write(file, config.replace("PORT", `${port}`).replace("UPSTREAM", `${upstream}`));
      // -db: stays in the foreground, so that it ends with us.
      const child = await startServer([programPath("haproxy")!, "-db", "-f", file], () =>
        untilListening(port),
      );
      return { port, child };
    }),
};
