import { afterAll } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemoryTransport } from "../transport/memory.ts";
import { UnixTransport } from "../transport/unix.ts";
import { failureCases } from "./failure.case.ts";
import { callCases } from "./loopback.case.ts";
import type { TestTransport } from "./network.case.ts";

const directory = mkdtempSync(join(tmpdir(), "calls-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

let networks = 0;
const kinds: Readonly<Record<string, () => TestTransport>> = {
  memory: () => ({ transport: new MemoryTransport(), address: (instance) => instance }),
  unix: () => {
    const network = networks++;
    return {
      transport: new UnixTransport(),
      address: (instance) => join(directory, `${network}-${instance}`),
    };
  },
};

for (const [name, make] of Object.entries(kinds)) {
  callCases(name, make);
  failureCases(name, make);
}
