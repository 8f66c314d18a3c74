import type { EdgeFigures, RunFigures, ServiceFigures } from "./figures.ts";
import type { MachineUse } from "./machine.ts";

/** An event loop that has this share of a core has nothing left: the rest goes into waking up and being scheduled. */
const fullCoreShare = 0.85;
const fullMachineShare = 0.92;
/** Of a full machine, the run has at least this share: else it is full with other programs, and says little of the run. */
const ownMachineShare = 0.4;
const mostlySql = 0.5;

export interface Bottleneck {
  readonly service: string;
  /** `process`: one event loop is full. `machine`: all cores are, whoever has them. `waiting`: no CPU is short. */
  readonly kind: "process" | "machine" | "waiting";
  readonly reason: string;
}

/** Where requests are, on average, by Little's law: a rate times the time spent is how many are there at once. */
export interface Presence {
  readonly service: string;
  /** In its handlers and SQL, without the calls that it makes; and sent to it but not begun. */
  readonly own: number;
  readonly waiting: number;
  /** Of `own`, in SQL statements. */
  readonly sql: number;
}

/**
 * How many requests are in each service and in line for it. What a caller measured less what the callee measured is the
 * way there and back, which under load is the line before the callee's event loop.
 */
export function presenceOf({ services, edges }: Pick<RunFigures, "services" | "edges">): Presence[] {
  const calls = edges.filter(({ kind }) => kind === "call");
  const total = (list: readonly { perSecond: number; meanMs: number }[]) =>
    list.reduce((sum, { perSecond, meanMs }) => sum + (perSecond * meanMs) / 1000, 0);
  const events = edges.filter(({ kind }) => kind === "delivery");
  return services
    .map((service) => {
      const inside = (service.perSecond * service.meanMs) / 1000;
      // Events wait in the broker's log, which is no line of requests: handlers only.
      const served = inside - total(events.filter(({ to }) => to === service.service));
      const asked = total(calls.filter(({ to }) => to === service.service));
      const asking = total(calls.filter(({ from }) => from === service.service));
      return {
        service: service.service,
        own: Math.max(0, inside - asking),
        waiting: service.role === "gateway" ? 0 : Math.max(0, asked - served),
        sql: service.sqlMsPerSecond / 1000,
      };
    })
    .sort((a, b) => b.own + b.waiting - (a.own + a.waiting));
}

/** Names what limits the run, and why. Undefined when nothing was asked of it. */
export function findBottleneck(
  figures: Pick<RunFigures, "services" | "edges" | "mode">,
  machine: MachineUse,
): Bottleneck | undefined {
  const { mode } = figures;
  const services: readonly ServiceFigures[] = figures.services.filter((service) =>
    takesPart(service, figures.edges),
  );
  const presence = presenceOf({ services, edges: figures.edges });
  const [fullest] = presence;
  if (fullest === undefined) return undefined;
  const most = (of: (service: ServiceFigures) => number, among = services) =>
    among.reduce((best, service) => (of(service) > of(best) ? service : best));
  const where = presenceText(presence);
  const cpu = ({ busiest }: ServiceFigures) => busiest.cpu;
  // One process there, whoever of it tells of its CPU.
  if (mode === "monolith") return ofMonolith(fullest.service, most(cpu, figures.services), where);
  const hot = most(cpu);
  if (hot.busiest.cpu >= fullCoreShare) {
    return {
      service: hot.service,
      kind: "process",
      reason: `${hot.busiest.instance} used ${share(hot.busiest.cpu)} of a core, which is all that the event loop of one process can use. ${where}`,
    };
  }
  const busyCores = machine.cores * (machine.busyShare ?? 0);
  const isFull = (machine.busyShare ?? 0) >= fullMachineShare;
  const used = figures.services.reduce((sum, service) => sum + service.cpu, 0) / busyCores;
  if (isFull && used >= ownMachineShare) {
    const user = most(({ cpu }) => cpu);
    return {
      service: user.service,
      kind: "machine",
      reason: `the machine's ${machine.cores} cores were ${share(machine.busyShare!)} busy, ${share(Math.min(1, used))} of that with this run and the rest with the load generator and other programs, so that no process got a core of its own; of the services ${user.service} used the most, ${share(user.cpu)} of a core. ${where}`,
    };
  }
  const what =
    fullest.own > fullest.waiting && fullest.sql > mostlySql * fullest.own
      ? "its SQL statements: the disk, or a lock"
      : "what it waits for itself: a timer, a lock, a limit or something outside the run";
  if (isFull) {
    return {
      service: fullest.service,
      kind: "machine",
      reason: `the machine was full, but ${share(1 - used)} of that was the load generator and other programs, so look again on one that is idle. ${where}`,
    };
  }
  return {
    service: fullest.service,
    kind: "waiting",
    reason: `no CPU is short (busiest: ${hot.busiest.instance}, ${share(hot.busiest.cpu)} of a core), so it is ${what}. ${where}`,
  };
}

/** A service of which nothing was asked limits nobody, however busy it was: with its own start, or as the observer. */
function takesPart({ service, perSecond }: ServiceFigures, edges: readonly EdgeFigures[]): boolean {
  // What the broker does stands on its edges alone.
  return perSecond > 0 || edges.some(({ from, to }) => from === service || to === service);
}

/** All services share one event loop there, and with it one figure. */
function ofMonolith(service: string, { busiest }: ServiceFigures, where: string): Bottleneck {
  if (busiest.cpu < fullCoreShare) {
    return {
      service,
      kind: "waiting",
      reason: `the one process used ${share(busiest.cpu)} of a core. ${where}`,
    };
  }
  return {
    service,
    kind: "process",
    reason: `the one process used ${share(busiest.cpu)} of a core, and its event loop serves all. ${where}`,
  };
}

function presenceText(presence: readonly Presence[]): string {
  const all = presence.reduce((sum, { own, waiting }) => sum + own + waiting, 0);
  const first = presence[0]!;
  const here = first.own + first.waiting;
  const queue = first.waiting > 0 ? `, ${count(first.waiting)} of them in line for it` : "";
  return `Of ${count(all)} requests under way on average, ${count(here)} were at ${first.service}${queue}.`;
}

const share = (value: number) => `${Math.round(value * 100)} %`;
const count = (value: number) =>
  value >= 10 ? String(Math.round(value)) : String(Number(value.toPrecision(2)));
