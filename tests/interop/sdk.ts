import { join } from "node:path";
import { expectThat, Observed } from "./observed.ts";

/** OpenTelemetry's SDK for JavaScript sends a span; it is the parent of what the shop did for it. */
export async function sdk(): Promise<string> {
  const install = Bun.spawnSync([process.execPath, "install", "--frozen-lockfile"], { cwd: import.meta.dir });
  if (install.exitCode !== 0) throw new Error(`the SDK cannot be installed: ${install.stderr}`);
  await using shop = await Observed.start();
  const said: string[] = [];
  for (const protocol of ["http/json", "http/protobuf"]) said.push(await sentAs(protocol, shop));
  return said.join("; ");
}

async function sentAs(protocol: string, shop: Observed): Promise<string> {
  const sender = Bun.spawnSync([process.execPath, join(import.meta.dir, "sender.mjs")], {
    env: {
      ...process.env,
      ...shop.exporterEnv,
      GATEWAY: shop.run.gateway,
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
    },
  });
  if (sender.exitCode !== 0) throw new Error(`the sender failed: ${sender.stderr}`);
  const traceId = sender.stdout.toString().trim();
  const detail = await shop.trace(traceId, ({ summary }) => summary.services.length === 3);
  const { name, rootService, services, spans } = detail.summary;
  expectThat(rootService === "node-client" && detail.orphans === 0, () => JSON.stringify(detail));
  return `${protocol}: "${name}" of ${rootService} has ${spans} spans of ${services.join(", ")}, no orphans`;
}
