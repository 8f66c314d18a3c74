export * from "./errors.ts";
export * from "./event.ts";
export * from "./guards.ts";
export * from "./problem.ts";
export * from "./service.ts";
