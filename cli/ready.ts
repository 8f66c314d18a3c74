import type { InstanceInfo } from "../runtime/control/api.ts";
import type { Ready } from "../runtime/supervisor/supervisor.ts";
import type { Topology } from "../runtime/topology/model.ts";
import { type Column, duration, paint, print, table } from "./output.ts";

/** One line on a terminal that says how far the start is; nothing where nobody looks. */
export class BootProgress {
  readonly #states = new Map<string, InstanceInfo["state"]>();
  readonly #shown = process.stdout.isTTY;

  changed(instance: InstanceInfo): void {
    this.#states.set(instance.id, instance.state);
    if (!this.#shown) return;
    const waiting = [...this.#states].filter(([, state]) => state !== "ready").map(([id]) => id);
    const ready = this.#states.size - waiting.length;
    const text = `starting: ${ready} of ${this.#states.size} ready; waiting for ${waiting.join(", ")}`;
    process.stdout.write(`\r\x1b[K${text.slice(0, (process.stdout.columns ?? 80) - 1)}`);
  }

  end(): void {
    if (this.#shown) process.stdout.write("\r\x1b[K");
  }
}

interface Place {
  readonly control: string;
  /** Opens the dashboard; has the token. */
  readonly dashboard: string;
  readonly data: string;
  readonly mode: "processes" | "monolith";
  /** What a person types to run this program: `microcosm`. */
  readonly program: string;
}

export function printReady(topology: Topology, ready: Ready, place: Place): void {
  print(table(ready.instances, columns));
  print();
  const what = place.mode === "monolith" ? "in one process" : "as processes of their own";
  const count = ready.instances.length - ready.down.length;
  print(
    `${paint("green", "✓")} ${topology.name}: ${count} instances ready ${what}, after ${duration(ready.bootMs)}`,
  );
  for (const instance of ready.down) {
    const reason = instance.lastExit === undefined ? "" : `: ${instance.lastExit}`;
    print(`${paint("red", "✗")} ${instance.id} is ${instance.state}${reason}`);
  }
  print();
  const gateway = ready.down.some((instance) => instance.role === "gateway")
    ? paint("red", `down: see ${place.program} logs gateway`)
    : paint("cyan", ready.gateway);
  print(`  gateway   ${gateway}`);
  print(`  dashboard ${paint("cyan", place.dashboard)}`);
  print(`  control   ${paint("cyan", place.control)}`);
  print(`  data      ${place.data}`);
  print();
  print("Try, in another terminal:");
  for (const line of suggestions(topology, ready, place.program)) print(`  ${line}`);
  print();
  print(paint("dim", "Ctrl-C drains and ends everything."));
}

function suggestions(topology: Topology, ready: Ready, program: string): string[] {
  const first = topology.gateway.routes.find(
    (route) => route.methods.includes("GET") && route.auth === "none" && !route.path.includes("{"),
  );
  const page = topology.gateway.static.length > 0 ? `open ${ready.gateway}/ in a browser` : undefined;
  const services = Object.keys(topology.services);
  const service = services.includes("catalog") ? "catalog" : services[0];
  const victim = ready.instances.find(
    (instance) => instance.service === service && instance.pid !== undefined,
  );
  return [
    ...(page === undefined ? [] : [page]),
    ...(first === undefined ? [`curl ${ready.gateway}/readyz`] : [`curl ${ready.gateway}${first.path}`]),
    `${program} scale ${service}=3`,
    ...(page === undefined && victim !== undefined ? [`kill -9 ${victim.pid}; ${program} ps`] : []),
  ].slice(0, 3);
}

const columns: readonly Column<InstanceInfo>[] = [
  { title: "INSTANCE", value: (i) => i.id },
  {
    title: "STATE",
    value: (i) => i.state,
    style: (i) => (i.state === "ready" ? "green" : i.state === "starting" ? "yellow" : "red"),
  },
  { title: "PID", value: (i) => (i.pid === undefined ? "–" : String(i.pid)), right: true },
  { title: "BOOT", value: (i) => (i.bootMs === undefined ? "–" : duration(i.bootMs)), right: true },
  { title: "ADDRESS", value: (i) => i.address },
];
