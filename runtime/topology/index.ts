export { formatDuration, parseDuration } from "./duration.ts";
export { formatIssues } from "./format-issues.ts";
export type { IssueCode, TopologyIssue } from "./issue.ts";
export { type LoadResult, loadTopology, type ParseOptions, parseTopology } from "./load.ts";
export { mostInstances, schemaJson } from "./schema.ts";
export { formatSize, parseSize } from "./size.ts";
