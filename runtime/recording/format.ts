import { z } from "zod";
import { MicrocosmError } from "../../sdk/errors.ts";
import type { Topology } from "../topology/model.ts";

/**
 * A recording: one run in one file.
 *
 * ```
 *  0   8  magic: 89 "MCRUN" 0D 0A — no text, and a transfer that changes line ends is noticed
 *  8   4  u32 LE: version of this format
 * 12   4  u32 LE: length of the header in bytes
 * 16   n  header: JSON, RecordingHeader
 *  …   …  the observer's SQLite file, one zstd frame
 *  …  32  SHA-256 of all before it
 * ```
 *
 * Magic and version are looked at before anything else is used, the checksum before the database is opened.
 */
export const magic = Buffer.from([0x89, 0x4d, 0x43, 0x52, 0x55, 0x4e, 0x0d, 0x0a]);
/** Raised when the layout, the header or the tables of the database change. */
export const formatVersion = 2;
export const prefixBytes = 16;
export const digestBytes = 32;
/** A topology of a hundred services has some 100 KiB. */
export const maxHeaderBytes = 8 * 1024 * 1024;
/** What the observer keeps is bounded by its retention, usually 256 MiB. */
export const maxDatabaseBytes = 64 * 1024 ** 3;

export interface RecordingHeader {
  readonly name: string;
  readonly mode: "processes" | "monolith";
  /** Milliseconds since the epoch, as all times. */
  readonly startedAt: number;
  /** Absent when the run went on after the export, or nobody could note its end. */
  readonly endedAt?: number | undefined;
  readonly exportedAt: number;
  /** What was recorded: from the run's start to its end, or to the export. */
  readonly to: number;
  readonly versions: { readonly microcosm: string; readonly bun: string };
  readonly machine: Machine;
  /** Without secrets and without paths of the machine it ran on. */
  readonly topology: Topology;
  /** What the observer let go in that time, by reason; the minute in which it began is counted whole. */
  readonly dropped: Readonly<Record<string, number>>;
  readonly databaseBytes: number;
}

export interface Machine {
  readonly platform: string;
  readonly release: string;
  readonly arch: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
}

const time = z.number().min(0).max(1e14);
const text = z.string().max(1000);

export const machineSchema = z.object({
  platform: text,
  release: text,
  arch: text,
  cpu: text,
  cores: z.number(),
  memoryBytes: z.number(),
});

/** As far as it is used without a look; the checked topology is taken as it is. */
export const topologySchema = z.looseObject({
  name: text,
  gateway: z.looseObject({ routes: z.array(z.looseObject({})), uses: z.array(z.looseObject({})) }),
  services: z.record(z.string(), z.looseObject({ name: text, uses: z.array(z.looseObject({})) })),
  topics: z.looseObject({}),
});

const headerSchema = z.object({
  name: text,
  mode: z.enum(["processes", "monolith"]),
  startedAt: time,
  endedAt: time.optional(),
  exportedAt: time,
  to: time,
  versions: z.object({ microcosm: text, bun: text }),
  machine: machineSchema,
  topology: topologySchema,
  dropped: z.record(z.string(), z.number()),
  databaseBytes: z.number().int().positive().max(maxDatabaseBytes),
});

export function encodeHead(header: RecordingHeader): Uint8Array {
  const json = Buffer.from(JSON.stringify(header));
  const prefix = Buffer.alloc(prefixBytes);
  magic.copy(prefix);
  prefix.writeUInt32LE(formatVersion, 8);
  prefix.writeUInt32LE(json.length, 12);
  return Buffer.concat([prefix, json]);
}

/** The header's length. Throws `recording-invalid`; `file` is how the message calls it. */
export function headerLength(prefix: Uint8Array, file: string): number {
  const bytes = Buffer.from(prefix);
  if (bytes.length < prefixBytes || !bytes.subarray(0, magic.length).equals(magic)) {
    throw invalid(file, "it is no recording of a run");
  }
  const version = bytes.readUInt32LE(8);
  if (version !== formatVersion) {
    const age = version > formatVersion ? "a newer" : "an older";
    throw invalid(file, `it is of ${age} Microcosm: format ${version}, and this one reads ${formatVersion}`);
  }
  const length = bytes.readUInt32LE(12);
  if (length === 0 || length > maxHeaderBytes) throw invalid(file, "its header is damaged");
  return length;
}

/** Throws `recording-invalid`. */
export function decodeHeader(json: Uint8Array, file: string): RecordingHeader {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json));
  } catch (cause) {
    throw invalid(file, "its header is damaged", cause);
  }
  const parsed = headerSchema.safeParse(value);
  if (!parsed.success) throw invalid(file, `its header is damaged: ${z.prettifyError(parsed.error)}`);
  return parsed.data as unknown as RecordingHeader;
}

export function invalid(file: string, why: string, cause?: unknown): MicrocosmError {
  return new MicrocosmError("recording-invalid", `${file} cannot be opened: ${why}.`, { cause });
}
