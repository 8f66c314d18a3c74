/** Loaded before a topology's tests: lets them import what services import, and the test kit, from this program. */
import { registerModules } from "../runtime/worker/external/register.ts";

registerModules({ "microcosm/testing": () => import("../runtime/testing/index.ts") });
