import { join } from "node:path";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { startReady } from "../processes.ts";

const root = join(import.meta.dir, "..", "..");

/** A key for the items service to publish, and a token that it proves. */
export interface Identity {
  readonly jwks: string;
  readonly token: string;
}

export async function makeIdentity(): Promise<Identity> {
  const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: "bench", alg: "ES256", use: "sig" };
  const token = await new SignJWT({ roles: [] })
    .setProtectedHeader({ alg: "ES256", kid: "bench" })
    .setSubject("bench")
    .setIssuer("bench")
    .setAudience("bench")
    .setIssuedAt()
    .setExpirationTime("1h")
    .sign(privateKey);
  return { jwks: JSON.stringify({ keys: [jwk] }), token };
}

/** A run of the items topology. */
export interface ItemsRun {
  /** Of its gateway. */
  readonly url: string;
  readonly pid: number;
  readonly instances: readonly { readonly id: string; readonly pid: number }[];
  stop(): Promise<void>;
}

/** `microcosm up` of the items topology. */
export async function startItems(topology: string, jwks: string): Promise<ItemsRun> {
  const up = ["up", topology, "--ephemeral", "--port=0", "--control-port=0", "--json"];
  const child = await startReady([process.execPath, join(root, "main.ts"), ...up], {
    env: { ...process.env, BENCH_JWKS: jwks },
  });
  const { gateway, instances } = JSON.parse(child.line) as {
    readonly gateway: string;
    readonly instances: ItemsRun["instances"];
  };
  return { url: gateway, pid: child.process.pid, instances, stop: child.stop };
}
