import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FrameLink } from "./link.ts";
import { UnixTransport } from "./unix.ts";
import { transportConformance } from "./transport.case.ts";
import { MicrocosmError } from "../../sdk/errors.ts";

transportConformance("unix", async () => {
  const directory = await mkdtemp(join(tmpdir(), "microcosm-"));
  let addresses = 0;
  return {
    transport: new UnixTransport(),
    address: () => join(directory, `${++addresses}.sock`),
    sever(link) {
      (link as FrameLink).breakOff(new MicrocosmError("link-closed", "severed by the test"));
    },
    dispose: () => rm(directory, { recursive: true, force: true }),
  };
});
