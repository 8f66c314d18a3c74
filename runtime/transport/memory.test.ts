import type { FrameLink } from "./link.ts";
import { MemoryTransport } from "./memory.ts";
import { transportConformance } from "./transport.case.ts";
import { MicrocosmError } from "../../sdk/errors.ts";

transportConformance("memory", async () => {
  let addresses = 0;
  return {
    transport: new MemoryTransport(),
    address: () => `place-${++addresses}`,
    sever(link) {
      (link as FrameLink).breakOff(new MicrocosmError("link-closed", "severed by the test"));
    },
    async dispose() {},
  };
});
