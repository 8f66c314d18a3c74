import type { Event } from "../../../sdk/event.ts";
import type { TopicInfo } from "../../../runtime/bus/broker.ts";
import type { Clock, Random } from "../../../runtime/clock.ts";
import { metric } from "../../../runtime/telemetry/names.ts";
import type { ExponentialHistogram } from "../../../runtime/telemetry/recorder/histogram.ts";
import type { Recorder } from "../../../runtime/telemetry/recorder/recorder.ts";
import { noParent } from "../../../runtime/telemetry/recorder/ended-span.ts";
import type { SpanShape } from "../../../runtime/telemetry/recorder/span-shape.ts";
import { isSampled } from "../../../runtime/telemetry/recorder/trace-context.ts";
import type { Transport } from "../../../runtime/transport/transport.ts";
import { type Moment, ReplayedWorker } from "./workers.ts";

export interface ShopOptions {
  readonly random: Random;
  readonly clock: Clock;
  readonly transport: Transport;
  readonly observer: string;
}

/** Shares of the requests, as visitors of the shop make them: one in twenty is an order, with all that its events cause. */
const shares = { product: 0.55, list: 0.75, storefront: 0.9, poll: 0.95 };
/** One request in a thousand fails, and one is slow. */
const failing = 0.001;
const slow = 0.001;
const products = 500;

const instances = {
  gateway: 1,
  catalog: 2,
  inventory: 1,
  orders: 1,
  payments: 1,
  notifications: 1,
  identity: 1,
  broker: 1,
} as const;
type Service = keyof typeof instances;

/** What one request does, told to the recorders of all that would have had a part in it. */
export class ReplayedShop {
  readonly workers: readonly ReplayedWorker[];
  requests = 0;
  orders = 0;
  readonly #moment: Moment = { ms: 0, kept: false };
  readonly #random: Random;
  readonly #byService: Readonly<Record<string, readonly ReplayedWorker[]>>;
  readonly #routes = new Map<string, SpanShape>();
  readonly #durations = new Map<string, ExponentialHistogram>();

  constructor(options: ShopOptions) {
    this.#random = options.random;
    const made = Object.entries(instances).map(
      ([service, count]) =>
        [
          service,
          Array.from(
            { length: count },
            (_, place) =>
              new ReplayedWorker({ ...options, service, number: place + 1, moment: this.#moment }),
          ),
        ] as const,
    );
    this.#byService = Object.fromEntries(made);
    this.workers = made.flatMap(([, own]) => own);
    this.#one("broker").reportBus(() => this.#topics());
  }

  /** A request that arrives at `atMs`. */
  request(atMs: number): void {
    const random = this.#random;
    const kind = random();
    const id = Math.floor(random() * products);
    const trouble = random();
    const status = trouble < failing ? 500 : 200;
    const extraMs = trouble >= failing && trouble < failing + slow ? 600 : 0;
    this.#moment.ms = atMs;
    this.#moment.kept = trouble < failing + slow;
    this.requests++;
    if (kind < shares.product)
      this.#read(`/v1/products/${id}`, `/products/${id}`, "catalog", status, extraMs);
    else if (kind < shares.list) this.#gateway("GET", "/v1/products", 200, () => {});
    else if (kind < shares.storefront) this.#storefront(id, extraMs);
    else if (kind < shares.poll) {
      const order = crypto.randomUUID();
      this.#read(`/v1/orders/${order}`, `/orders/${order}`, "orders", status, extraMs);
    } else this.#order(id, extraMs);
  }

  #read(path: string, inner: string, service: Service, status: number, extraMs: number): void {
    this.#gateway("GET", path, status, (gateway, context) => {
      const callee = this.#one(service);
      gateway.call(context, callee, { method: "GET", path: inner, status }, () => {
        callee.query(`select "id", "name" from "${service}" where "id" = ?`, this.#tookMs(0.05) + extraMs);
        if (status >= 500)
          callee.log("error", "the handler failed: disk is on fire", { path: inner, status });
      });
    });
  }

  #storefront(id: number, extraMs: number): void {
    this.#gateway("GET", `/v1/storefront/${id}`, 200, (gateway, context) => {
      for (const service of ["catalog", "inventory"] as const) {
        const callee = this.#one(service);
        gateway.call(context, callee, { method: "GET", path: `/${service}/${id}`, status: 200 }, () =>
          callee.query(`select * from "${service}" where "id" = ?`, this.#tookMs(0.05) + extraMs),
        );
      }
    });
  }

  #order(id: number, extraMs: number): void {
    this.orders++;
    const order = crypto.randomUUID();
    const orders = this.#one("orders");
    let placed = "";
    this.#gateway("POST", "/v1/orders", 202, (gateway, context) => {
      gateway.call(context, orders, { method: "POST", path: "/orders", status: 202 }, () => {
        const catalog = this.#one("catalog");
        orders.call(orders.context, catalog, { method: "GET", path: `/prices?ids=${id}`, status: 200 }, () =>
          catalog.query('select "price_cents" from "products" where "id" in (?)', this.#tookMs(0.05)),
        );
        orders.query('insert into "orders" values (?, ?, ?)', this.#tookMs(1) + extraMs);
        orders.log("info", `order placed by customer ${id}`, { order, product: id });
        placed = this.#publish(orders, "order.placed", order);
      });
    });
    const reserved = this.#handle("inventory", "order.placed", order, placed, "stock.reserved");
    const captured = this.#handle("payments", "stock.reserved", order, reserved, "payment.captured");
    const confirmed = this.#handle("orders", "payment.captured", order, captured, "order.confirmed");
    this.#handle("notifications", "order.confirmed", order, confirmed, undefined);
  }

  #publish(worker: ReplayedWorker, topic: string, key: string): string {
    const span = worker.events.publish(topic, worker.context);
    this.#moment.ms += this.#tookMs(0.5);
    span.ended({ id: crypto.randomUUID(), key } as never, -1);
    return span.traceparent;
  }

  /** Returns the context of what was published. */
  #handle(
    service: Service,
    topic: string,
    key: string,
    traceparent: string,
    next: string | undefined,
  ): string {
    const worker = this.#one(service);
    const time = new Date(this.#moment.ms).toISOString();
    this.#moment.ms += this.#tookMs(1);
    const event = {
      id: crypto.randomUUID(),
      topic,
      key,
      traceparent,
      offset: this.requests,
      delivery: 1,
      time,
    };
    const span = worker.events.deliver(event as unknown as Event);
    let published = "";
    worker.within(span.traceparent, () => {
      worker.query(`update "${service}" set "state" = ? where "id" = ?`, this.#tookMs(0.8));
      if (next !== undefined) published = this.#publish(worker, next, key);
    });
    span.ended();
    return published;
  }

  #gateway(
    method: string,
    path: string,
    status: number,
    work: (gateway: ReplayedWorker, context: string) => void,
  ): void {
    const gateway = this.#one("gateway");
    const { recorder } = gateway;
    const startMs = this.#moment.ms;
    const span = recorder.begin();
    const context = recorder.root(span);
    if (isSampled(context)) this.#moment.kept = true;
    this.#moment.ms += 0.1;
    work(gateway, context);
    this.#moment.ms += 0.1;
    const route = `${method} ${path.replace(/(?<=\/(products|orders|storefront)\/)[^/]+$/, "{id}")}`;
    const durationMs = this.#moment.ms - startMs;
    this.#durationsOf(recorder, route, status).recordWithin(durationMs, context);
    const failure = status >= 500 ? String(status) : "";
    recorder.span(
      this.#shapeOf(route),
      context,
      span,
      noParent,
      startMs,
      durationMs,
      failure,
      method,
      path,
      status,
      0,
    );
  }

  #durationsOf({ metrics }: Recorder, route: string, status: number): ExponentialHistogram {
    const key = `${route} ${status}`;
    let durations = this.#durations.get(key);
    if (durations === undefined) {
      const labels = { route, status: String(status), outcome: status >= 500 ? "error" : "ok" };
      durations = metrics.histogram(metric.serverDuration, "ms", labels);
      this.#durations.set(key, durations);
    }
    return durations;
  }

  #shapeOf(route: string): SpanShape {
    let shape = this.#routes.get(route);
    if (shape === undefined) {
      const [, pattern = ""] = route.split(" ");
      shape = {
        kind: "server",
        describe: (method, path, status) => ({
          name: route,
          attributes: {
            "http.request.method": method,
            "url.path": path,
            "http.route": pattern,
            "http.response.status_code": status,
            "url.scheme": "http",
          },
        }),
      };
      this.#routes.set(route, shape);
    }
    return shape;
  }

  #one(service: Service): ReplayedWorker {
    const all = this.#byService[service]!;
    return all[this.requests % all.length]!;
  }

  /** Around `median`, sometimes much longer: log-normal, as latencies are. */
  #tookMs(median: number): number {
    const normal = Math.sqrt(-2 * Math.log(1 - this.#random())) * Math.cos(2 * Math.PI * this.#random());
    return median * Math.exp(0.6 * normal);
  }

  #topics(): TopicInfo[] {
    const subscriptions = {
      consumers: [],
      cursor: 0,
      lag: 3,
      inFlight: 1,
      waitingRetry: 0,
      paused: false,
      skipped: 0,
    };
    return ["order.placed", "stock.reserved", "payment.captured", "order.confirmed"].map((topic) => ({
      topic,
      durability: "disk",
      firstOffset: 0,
      nextOffset: this.orders,
      messages: this.orders,
      bytes: this.orders * 300,
      dead: 0,
      subscriptions: [{ ...subscriptions, subscription: "orders" }],
    }));
  }
}
