/** A customer of the shop: speaks to the gateway only, as a browser would. */
import { adminPassword } from "./run.ts";

export interface Answer<T = unknown> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

export interface Order {
  readonly id: string;
  readonly status: "pending" | "confirmed" | "cancelled";
  readonly reason?: string;
  readonly items: readonly { readonly productId: string | number; readonly quantity: number }[];
  readonly totalCents: number;
  readonly history: readonly { readonly type: string; readonly at: string }[];
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

export class Customer {
  readonly #gateway: string;
  token: string | undefined;
  refreshToken: string | undefined;
  readonly email: string;

  constructor(gateway: string, email: string = `c${crypto.randomUUID()}@shop.test`) {
    this.#gateway = gateway;
    this.email = email;
  }

  /** A customer with an account, logged in. */
  static async register(gateway: string): Promise<Customer> {
    const customer = new Customer(gateway);
    const made = await customer.send("POST", "/v1/users", {
      email: customer.email,
      password: "a good long password",
      name: "Test Customer",
    });
    if (made.status !== 201) throw new Error(`register: ${made.status} ${JSON.stringify(made.body)}`);
    await customer.logIn("a good long password");
    return customer;
  }

  static async admin(gateway: string): Promise<Customer> {
    const admin = new Customer(gateway, "admin@shop.test");
    await admin.logIn(adminPassword);
    return admin;
  }

  async logIn(password: string): Promise<void> {
    const answer = await this.send<{ accessToken: string; refreshToken: string }>("POST", "/v1/tokens", {
      email: this.email,
      password,
    });
    if (answer.status !== 200) throw new Error(`log in: ${answer.status} ${JSON.stringify(answer.body)}`);
    this.token = answer.body.accessToken;
    this.refreshToken = answer.body.refreshToken;
  }

  async send<T = unknown>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<T>> {
    const response = await fetch(this.#gateway + path, {
      method,
      headers: {
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    let parsed: unknown = text;
    try {
      parsed = JSON.parse(text);
    } catch {
      // not JSON: the text itself
    }
    return { status: response.status, headers: response.headers, body: parsed as T };
  }

  get<T = unknown>(path: string): Promise<Answer<T>> {
    return this.send<T>("GET", path);
  }

  /** Places an order; the same key again is the same order. */
  order(
    items: readonly { productId: string | number; quantity: number }[],
    payment = "tok_ok",
    key: string = crypto.randomUUID(),
  ): Promise<Answer<{ id: string; status: string; totalCents: number }>> {
    return this.send(
      "POST",
      "/v1/orders",
      { items, payment: { token: payment } },
      { "idempotency-key": key },
    );
  }

  /** All pages of a list. */
  async all<T>(path: string): Promise<T[]> {
    const items: T[] = [];
    let after: string | null = null;
    do {
      const query: string = after === null ? "" : `&after=${encodeURIComponent(after)}`;
      const answer: Answer<Page<T>> = await this.get<Page<T>>(`${path}?limit=100${query}`);
      if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
      items.push(...answer.body.items);
      after = answer.body.next;
    } while (after !== null);
    return items;
  }
}
