/**
 * `bun tests/interop/main.ts [sdk|prometheus|python|collector|elasticsearch]`: runs beside other people's programs. Each part installs
 * what it needs from a package registry the first time, apart from the product's own dependencies; fails when what went
 * over is not whole on the other side.
 */
import { collector } from "./collector.ts";
import { elasticsearch } from "./elasticsearch.ts";
import { prometheus } from "./prometheus.ts";
import { python } from "./python.ts";
import { sdk } from "./sdk.ts";

const parts: Readonly<Record<string, () => Promise<string>>> = {
  sdk,
  prometheus,
  python,
  collector,
  elasticsearch,
};
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !Object.hasOwn(parts, name));
if (unknown.length > 0) {
  const known = Object.keys(parts).join(", ");
  process.stderr.write(`error: there is no part "${unknown.join(" ")}"; there are ${known}\n`);
  process.exit(2);
}
for (const name of asked.length > 0 ? asked : Object.keys(parts)) {
  process.stdout.write(`${name}: ${await parts[name]!()}\n`);
}
