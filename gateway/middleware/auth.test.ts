import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import { CompactSign, exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT } from "jose";
import type { GatewayAuthConfig } from "../../runtime/topology/model.ts";
import { MicrocosmError } from "../../sdk/errors.ts";
import { type FakeService, Gateways, MovableClock, route } from "../gateway.case.ts";

const gateways = new Gateways();
afterEach(() => gateways.stopAll());

type KeyPair = Awaited<ReturnType<typeof generateKeyPair>>;
let first: KeyPair;
let second: KeyPair;
beforeAll(async () => {
  first = await generateKeyPair("ES256", { extractable: true });
  second = await generateKeyPair("ES256", { extractable: true });
});

const auth: GatewayAuthConfig = {
  issuer: "shop-identity",
  audience: "shop",
  jwks: { service: "identity", path: "/.well-known/jwks.json" },
  algorithm: "ES256",
};

async function jwk(pair: KeyPair, kid: string): Promise<JWK> {
  return { ...(await exportJWK(pair.publicKey)), kid, alg: "ES256", use: "sig" };
}

interface TokenOptions {
  readonly key?: KeyPair;
  readonly kid?: string;
  readonly issuer?: string;
  readonly audience?: string;
  readonly subject?: string;
  readonly expires?: string | number | undefined;
  readonly claims?: Record<string, unknown>;
}

function token(options: TokenOptions = {}): Promise<string> {
  const jwt = new SignJWT(options.claims ?? { roles: ["customer"], email: "a@b.example" })
    .setProtectedHeader({ alg: "ES256", kid: options.kid ?? "k1" })
    .setIssuer(options.issuer ?? auth.issuer)
    .setAudience(options.audience ?? auth.audience)
    .setIssuedAt();
  if (options.subject !== "") jwt.setSubject(options.subject ?? "user-1");
  if (!("expires" in options)) jwt.setExpirationTime("10m");
  else if (options.expires !== undefined) jwt.setExpirationTime(options.expires);
  return jwt.sign((options.key ?? first).privateKey);
}

async function start(options: { keys?: () => JWK[] | Promise<JWK[]>; clock?: MovableClock } = {}) {
  const fetches = { count: 0 };
  const keys = options.keys ?? (async () => [await jwk(first, "k1")]);
  const identity: FakeService = async () => {
    fetches.count++;
    return { body: JSON.stringify({ keys: await keys() }) };
  };
  const gateway = await gateways.start({
    config: {
      auth,
      routes: [
        route("/required", { auth: "required" }),
        route("/optional", { auth: "optional" }),
        route("/none"),
        route("/admin", { auth: "required", roles: ["admin", "owner"] }),
      ],
    },
    services: { identity, echo: ({ context }) => ({ body: JSON.stringify({ user: context.user ?? null }) }) },
    ...(options.clock === undefined ? {} : { clock: options.clock }),
  });
  const ask = (path: string, bearer?: string, headers: Record<string, string> = {}) =>
    gateway.fetch(path, {
      headers: bearer === undefined ? headers : { ...headers, authorization: `Bearer ${bearer}` },
    });
  return { gateway, ask, fetches };
}

describe("a good token", () => {
  test("becomes the call's user, and is not shown to the service", async () => {
    const { gateway, ask } = await start();
    const response = await ask("/required", await token(), { "x-user-id": "root" });
    expect(await response.json()).toEqual({
      user: { id: "user-1", roles: ["customer"], email: "a@b.example" },
    });
    const call = gateway.mesh.calls.find((made) => made.service === "echo")!;
    expect(call.request.headers).not.toContain("authorization");
  });

  test("is checked once, and refused from the moment it expires", async () => {
    const clock = new MovableClock();
    const { ask, fetches } = await start({ clock });
    const bearer = await token({ expires: "60s" });
    for (let i = 0; i < 5; i++) expect((await ask("/required", bearer)).status).toBe(200);
    expect(fetches.count).toBe(1);
    clock.offsetMs = 61_000;
    const late = await ask("/required", bearer);
    expect(late.status).toBe(401);
    expect((await late.json()).detail).toBe("The token has expired.");
  });

  test("is used when auth is optional; without one the caller is anonymous, a bad one is refused", async () => {
    const { ask } = await start();
    expect((await (await ask("/optional", await token())).json()).user.id).toBe("user-1");
    expect(await (await ask("/optional")).json()).toEqual({ user: null });
    expect((await ask("/optional", "nonsense")).status).toBe(401);
  });

  test("is passed on untouched where the gateway does not look at it", async () => {
    const { gateway, ask } = await start();
    await ask("/none", "whatever");
    expect(gateway.mesh.calls[0]!.request.headers).toContain("Bearer whatever");
    expect(gateway.mesh.calls[0]!.context.user).toBeUndefined();
  });

  test("needs one of the route's roles", async () => {
    const { ask } = await start();
    const refused = await ask("/admin", await token());
    expect(refused.status).toBe(403);
    expect(refused.headers.get("www-authenticate")).toContain('error="insufficient_scope"');
    expect(await refused.json()).toMatchObject({ detail: "This needs the role admin or owner." });
    expect((await ask("/admin", await token({ claims: { roles: ["owner"] } }))).status).toBe(200);
    expect((await ask("/admin", await token({ claims: { roles: "admin" } }))).status).toBe(403);
  });
});

describe("refused with 401 and a challenge", () => {
  const refusedWith = async (bearer: string | undefined, detail: string) => {
    const { gateway, ask } = await start();
    const response = await ask("/required", bearer);
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toStartWith('Bearer realm="shop"');
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect((await response.json()).detail).toContain(detail);
    expect(gateway.mesh.calls.some((call) => call.service === "echo")).toBe(false);
  };

  test("no token", () => refusedWith(undefined, "Sign in first"));
  test("not a JWT", () => refusedWith("abc", "malformed"));
  test("another audience", async () => refusedWith(await token({ audience: "bank" }), "aud"));
  test("another issuer", async () => refusedWith(await token({ issuer: "evil" }), "iss"));
  test("expired", async () => refusedWith(await token({ expires: 1_000 }), "expired"));
  test("no expiry", async () => refusedWith(await token({ expires: undefined }), "exp"));
  test("no subject", async () => refusedWith(await token({ subject: "" }), "sub"));
  test("signed by someone else under a known key id", async () =>
    refusedWith(await token({ key: second }), "signature"));

  test("a payload changed after signing", async () => {
    const [head, , signature] = (await token()).split(".");
    const forged = Buffer.from(
      JSON.stringify({ sub: "root", iss: auth.issuer, aud: auth.audience, exp: 4e9, roles: ["admin"] }),
    ).toString("base64url");
    await refusedWith(`${head}.${forged}.${signature}`, "signature");
  });

  test("alg none", async () => {
    const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString("base64url");
    const claims = { sub: "root", iss: auth.issuer, aud: auth.audience, exp: 4e9 };
    await refusedWith(`${encode({ alg: "none", kid: "k1" })}.${encode(claims)}.`, "");
    await refusedWith(`${encode({ alg: "none", kid: "k1" })}.${encode(claims)}.AAAA`, "algorithm");
  });

  test("HS256 with the public key as its secret", async () => {
    const secret = new TextEncoder().encode(await exportSPKI(first.publicKey));
    const claims = { sub: "root", iss: auth.issuer, aud: auth.audience, exp: 4e9 };
    const forged = await new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
      .setProtectedHeader({ alg: "HS256", kid: "k1" })
      .sign(secret);
    await refusedWith(forged, "algorithm");
  });

  test("another scheme", async () => {
    const { gateway } = await start();
    const response = await gateway.fetch("/required", { headers: { authorization: "Basic dTpw" } });
    expect(response.status).toBe(401);
  });
});

describe("keys", () => {
  test("an unknown key id fetches them again, so that rotation needs no restart", async () => {
    const clock = new MovableClock();
    const keys: JWK[] = [await jwk(first, "k1")];
    const { ask, fetches } = await start({ keys: () => keys, clock });
    expect((await ask("/required", await token())).status).toBe(200);
    keys.push(await jwk(second, "k2"));
    const rotated = await token({ key: second, kid: "k2" });
    clock.offsetMs = 6_000;
    expect((await ask("/required", rotated)).status).toBe(200);
    expect(fetches.count).toBe(2);
  });

  test("invented key ids do not make it fetch without end", async () => {
    const { ask, fetches } = await start();
    await ask("/required", await token());
    const invented = Array.from({ length: 20 }, async (_, i) =>
      ask("/required", await token({ key: second, kid: `invented-${i}` })),
    );
    for (const response of await Promise.all(invented)) expect(response.status).toBe(401);
    expect(fetches.count).toBe(1);
  });

  test("many first tokens at once fetch them once", async () => {
    const { ask, fetches } = await start({
      keys: async () => {
        await Bun.sleep(20);
        return [await jwk(first, "k1")];
      },
    });
    const tokens = await Promise.all(Array.from({ length: 10 }, (_, i) => token({ subject: `user-${i}` })));
    const statuses = await Promise.all(tokens.map(async (bearer) => (await ask("/required", bearer)).status));
    expect(statuses).toEqual(tokens.map(() => 200));
    expect(fetches.count).toBe(1);
  });

  test("that cannot be had are 503, not 401, and are asked for again", async () => {
    let up = false;
    const { ask } = await start({
      keys: async () => {
        if (!up) throw new MicrocosmError("no-ready-instance", "identity is starting");
        return [await jwk(first, "k1")];
      },
    });
    const bearer = await token();
    const early = await ask("/required", bearer);
    expect(early.status).toBe(503);
    expect(early.headers.get("retry-after")).toBe("1");
    up = true;
    expect((await ask("/required", bearer)).status).toBe(200);
  });
});
