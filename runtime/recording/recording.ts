import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunSummary } from "../telemetry/query.ts";
import { Archive } from "../telemetry/observer/archive.ts";
import { queries, type QueryParameters } from "../telemetry/observer/queries.ts";
import { MicrocosmError } from "../../sdk/errors.ts";
import { invalid, type RecordingHeader } from "./format.ts";
import { type InstanceThen, instancesAt } from "./instances-at.ts";
import { unpack } from "./unpack.ts";

/** Names of the temporary folders that hold what is unpacked. */
const folderPrefix = "microcosm-recording-";

/** An opened recording. Its database lies in a temporary folder until it is closed. */
export class Recording {
  readonly header: RecordingHeader;
  /** As it was named. */
  readonly file: string;
  readonly archive: Archive;
  readonly #folder: string;

  private constructor(file: string, folder: string, header: RecordingHeader, archive: Archive) {
    this.file = file;
    this.#folder = folder;
    this.header = header;
    this.archive = archive;
  }

  /** `scratchDirectory` has room for what is unpacked. Rejects with `recording-invalid`, `not-found`, `data-unwritable`. */
  static async open(file: string, scratchDirectory: string = tmpdir()): Promise<Recording> {
    const folder = mkdtempSync(join(scratchDirectory, folderPrefix));
    try {
      const database = join(folder, "observer.sqlite");
      const header = await unpack(file, database);
      const { to, dropped } = header;
      return new Recording(file, folder, header, archiveOf(file, { file: database, now: to, dropped }));
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** A question of queries.ts. Throws `bad-request`, `not-found`. */
  ask(query: string, parameters: QueryParameters = {}): unknown {
    const known = Object.hasOwn(queries, query) ? queries[query] : undefined;
    if (known === undefined) throw new MicrocosmError("bad-request", `There is no query "${query}".`);
    return known(this.archive, parameters);
  }

  /** What came of it between two moments; by default of all. */
  summary(from = this.header.startedAt, to = this.header.to): RunSummary {
    return this.ask("summary", { from: String(from), to: String(to) }) as RunSummary;
  }

  /** Who there was at that moment, and in what state. */
  instances(at: number = this.header.to): InstanceThen[] {
    return instancesAt(this.archive.store.timeline, this.header, at);
  }

  /** Idempotent. */
  close(): void {
    this.archive.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function archiveOf(file: string, options: ConstructorParameters<typeof Archive>[0]): Archive {
  try {
    return new Archive(options);
  } catch (cause) {
    throw invalid(
      file,
      `its database is none of a run (${cause instanceof Error ? cause.message : cause})`,
      cause,
    );
  }
}
