import { afterEach, beforeEach, describe } from "bun:test";
import { callCases } from "./conformance/calls.case.ts";
import { endingCases } from "./conformance/ending.case.ts";
import { Network, type TransportFixture } from "./conformance/network.ts";
import { streamCases } from "./conformance/streams.case.ts";

/** What every transport does alike. An implementation's test hands in how to make it. */
export function transportConformance(name: string, create: () => Promise<TransportFixture>): void {
  describe(`${name} transport`, () => {
    const network = new Network(create);
    beforeEach(() => network.begin());
    afterEach(() => network.end());
    callCases(network);
    streamCases(network);
    endingCases(network);
  });
}
