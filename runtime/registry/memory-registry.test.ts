import { MemoryRegistry } from "./memory-registry.ts";
import { registryCases } from "./registry.case.ts";

registryCases("memory", () => new MemoryRegistry());
