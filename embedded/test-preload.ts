import { bundleOf } from "./bundle.macro.ts" with { type: "macro" };

/** cli/test-preload.ts with all it needs, for `bun test` inside the binary: that Bun does not see our own modules. */
export const testPreload: string = bundleOf("cli/test-preload.ts");
