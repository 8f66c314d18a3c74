import { afterEach, describe, expect, test } from "bun:test";
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { TestService } from "microcosm/testing";
import { ensureAdmin } from "./admin.ts";
import { Passwords } from "./passwords.ts";
import { refreshTokens, signingKeys, tokenFamilies, users } from "./schema.ts";
import { identity } from "./service.ts";
import { ensureSigningKey } from "./signing-key.ts";

const started: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((service) => service.stop()));
});

async function start(env: Record<string, string> = {}) {
  const service = await TestService.start(identity, {
    name: "identity",
    env: { MICROCOSM_PASSWORD_COST: "64", MICROCOSM_ADMIN_PASSWORD: "let me in", ...env },
  });
  started.push(service);
  return service;
}

const ada = { email: "ada@example.org", password: "correct horse", name: "Ada" };

interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}

type Service = Awaited<ReturnType<typeof start>>;

async function logIn(
  service: Service,
  credentials: { email: string; password: string } = ada,
): Promise<Tokens> {
  const { email, password } = credentials;
  const response = await service.request("/tokens", { json: { email, password } });
  expect(response.status).toBe(200);
  return (await response.json()) as Tokens;
}

async function refresh(service: Service, refreshToken: string) {
  return service.request("/tokens/refresh", { json: { refreshToken } });
}

describe("users", () => {
  test("a new one is answered without its password, and announced", async () => {
    const service = await start();
    const response = await service.request("/users", { json: { ...ada, email: "  Ada@Example.ORG " } });
    expect(response.status).toBe(201);
    const body = await response.json();
    expect(body).toEqual({ id: expect.any(String), email: "ada@example.org", name: "Ada" });
    expect(service.published("user.registered")).toMatchObject([
      { data: { userId: (body as { id: string }).id, email: "ada@example.org", name: "Ada" } },
    ]);
  });

  test("an e-mail has one account, however it is written and however close they come", async () => {
    const service = await start();
    const responses = await Promise.all(
      ["ada@example.org", "ADA@example.org", " ada@example.org"].map((email) =>
        service.request("/users", { json: { ...ada, email } }),
      ),
    );
    expect(responses.map((response) => response.status).sort()).toEqual([201, 409, 409]);
    expect(service.published("user.registered")).toHaveLength(1);
  });

  test("fields at fault are named", async () => {
    const service = await start();
    const response = await service.request("/users", { json: { email: "nobody", password: "short" } });
    expect(response.status).toBe(422);
    const { errors } = (await response.json()) as { errors: { path: string }[] };
    expect(errors.map((error) => error.path).sort()).toEqual(["email", "name", "password"]);
  });

  test("a body that is no JSON is 400", async () => {
    const service = await start();
    const response = await service.request("/users", { method: "POST", body: "{" });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ type: expect.stringContaining("malformed-json") });
  });
});

describe("tokens", () => {
  test("the access token is ES256, names its key, and checks against the JWKS", async () => {
    const service = await start();
    await service.request("/users", { json: ada });
    const { accessToken } = await logIn(service);
    const jwks = (await (await service.request("/.well-known/jwks.json")).json()) as { keys: object[] };
    expect(jwks.keys).toHaveLength(1);
    expect(jwks.keys[0]).not.toHaveProperty("d");
    expect(decodeProtectedHeader(accessToken)).toMatchObject({ alg: "ES256", kid: expect.any(String) });
    const { payload } = await jwtVerify(accessToken, createLocalJWKSet(jwks as never), {
      algorithms: ["ES256"],
      issuer: "microcosm-shop",
      audience: "shop",
    });
    expect(payload).toMatchObject({ sub: expect.any(String), email: ada.email, roles: [] });
    expect(payload.exp! - payload.iat!).toBe(15 * 60);
  });

  test("a wrong password and an unknown e-mail have the same answer", async () => {
    const service = await start();
    await service.request("/users", { json: ada });
    const answers = await Promise.all(
      [ada.email, "nobody@example.org"].map(async (email) => {
        const response = await service.request("/tokens", { json: { email, password: "wrong" } });
        const { requestId: _, ...body } = (await response.json()) as Record<string, unknown>;
        return { status: response.status, body };
      }),
    );
    expect(answers[0]).toEqual(answers[1]!);
    expect(answers[0]!.status).toBe(401);
  });

  test("an unknown e-mail costs a hash, too", async () => {
    const passwords = new Passwords({ MICROCOSM_PASSWORD_COST: "64" });
    let hashed = 0;
    const hash = passwords.hash.bind(passwords);
    passwords.hash = (password) => {
      hashed++;
      return hash(password);
    };
    expect(await passwords.verify("anything", undefined)).toBe(false);
    expect(hashed).toBe(1);
  });

  test("a refresh token is good once; its reuse ends the whole family and no other", async () => {
    const service = await start();
    await service.request("/users", { json: ada });
    const first = await logIn(service);
    const elsewhere = await logIn(service);
    const second = (await (await refresh(service, first.refreshToken)).json()) as Tokens;
    expect(second.refreshToken).not.toBe(first.refreshToken);
    expect((await refresh(service, first.refreshToken)).status).toBe(401);
    expect((await refresh(service, second.refreshToken)).status).toBe(401);
    expect((await refresh(service, elsewhere.refreshToken)).status).toBe(200);
  });

  test("of two that trade the same token one wins, and then the family is over", async () => {
    const service = await start();
    await service.request("/users", { json: ada });
    const { refreshToken } = await logIn(service);
    const answers = await Promise.all([refresh(service, refreshToken), refresh(service, refreshToken)]);
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 401]);
    expect(service.db.select().from(tokenFamilies).all()).toMatchObject([{ revokedAt: expect.any(Number) }]);
  });

  test("no refresh token stands in the database", async () => {
    const service = await start();
    await service.request("/users", { json: ada });
    const { refreshToken } = await logIn(service);
    expect(JSON.stringify(service.db.select().from(refreshTokens).all())).not.toContain(refreshToken);
  });
});

describe("the administrator", () => {
  test("has the role and the password of the environment, which is not told", async () => {
    const service = await start();
    const { accessToken } = await logIn(service, { email: "admin@shop.test", password: "let me in" });
    const claims = JSON.parse(Buffer.from(accessToken.split(".")[1]!, "base64url").toString());
    expect(claims.roles).toEqual(["admin"]);
    expect(service.logs.filter((line) => line.level === "notice")).toEqual([]);
  });

  test("gets a password that is told once when there is none", async () => {
    const service = await start({ MICROCOSM_ADMIN_PASSWORD: "" });
    const notices = service.logs.filter((line) => line.level === "notice");
    expect(notices).toHaveLength(1);
    const password = /password (\S+)/.exec(notices[0]!.message)![1]!;
    await logIn(service, { email: "admin@shop.test", password });
  });

  test("is one, with one signing key, when instances start together", async () => {
    const service = await start();
    service.db.delete(users).run();
    service.db.delete(signingKeys).run();
    const passwords = new Passwords(service.context.env);
    await Promise.all([1, 2, 3].map(() => ensureAdmin(service.context, passwords)));
    await Promise.all([1, 2, 3].map(() => ensureSigningKey(service.context)));
    expect(service.db.select().from(users).all()).toHaveLength(1);
    const jwks = (await (await service.request("/.well-known/jwks.json")).json()) as { keys: object[] };
    expect(jwks.keys).toHaveLength(1);
  });
});

test("a bad password cost stops the start and names its key", async () => {
  await expect(start({ MICROCOSM_PASSWORD_COST: "cheap" })).rejects.toThrow("MICROCOSM_PASSWORD_COST");
});
