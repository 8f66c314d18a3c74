import { join } from "node:path";
import { freePort, untilListening } from "../../ports.ts";
import { startServer } from "../child.ts";
import { programPath, type Side, versionOf } from "../side.ts";
import { type HttpRun, startBehind } from "./items-app.ts";

/** Workers and connections as many as help; nothing is logged, and no connection is closed for its age. */
const config = `daemon off;
worker_processes auto;
pid DIRECTORY/nginx.pid;
events { worker_connections 16384; }
http {
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path DIRECTORY/body;
  proxy_temp_path DIRECTORY/proxy;
  fastcgi_temp_path DIRECTORY/fastcgi;
  uwsgi_temp_path DIRECTORY/uwsgi;
  scgi_temp_path DIRECTORY/scgi;
  upstream app { server 127.0.0.1:UPSTREAM; keepalive 128; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:PORT;
    location / { proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
}
`;

export const nginx: Side<HttpRun> = {
  name: "nginx",
  does: "proxy_pass over kept TCP connections to the app on Bun.serve; no token check, rate limit, trace or metrics",
  config,
  version: () => versionOf(["nginx", "-v"], /nginx\/([\d.]+)/),
  start: (directory) =>
    startBehind(async (upstream) => {
      const port = await freePort();
      const file = join(directory, "nginx.conf");
      const text = config.replaceAll("DIRECTORY", directory).replace("PORT", `${port}`);
      await Bun.write(file, text.replace("UPSTREAM", `${upstream}`));
      const errors = join(directory, "error.log");
      const child = await startServer([programPath("nginx")!, "-c", file, "-e", errors], () =>
        untilListening(port),
      );
      return { port, child };
    }),
};
