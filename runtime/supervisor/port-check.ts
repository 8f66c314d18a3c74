import { MicrocosmError } from "../../sdk/errors.ts";

/** Throws `port-in-use`, naming the port, when it cannot be listened on. The port is free again afterwards. */
export function checkPortFree(host: string, port: number): void {
  try {
    Bun.listen({ hostname: host, port, socket: { data() {} } }).stop(true);
  } catch (cause) {
    throw portError(host, port, cause);
  }
}

/** A port that nobody listens on right now. */
export function findFreePort(host: string): number {
  const listener = Bun.listen({ hostname: host, port: 0, socket: { data() {} } });
  listener.stop(true);
  return listener.port;
}

export function portError(host: string, port: number, cause: unknown): MicrocosmError {
  const code = (cause as { code?: string }).code;
  if (code === "EACCES") {
    const message = `Port ${port} of ${host} may be used by the system's administrator only.`;
    return new MicrocosmError("port-in-use", message, { cause });
  }
  if (code === "EADDRINUSE") {
    return new MicrocosmError("port-in-use", `Port ${port} of ${host} is used by another process.`, {
      cause,
    });
  }
  return new MicrocosmError("port-in-use", `Port ${port} of ${host} cannot be used: ${String(cause)}`, {
    cause,
  });
}
