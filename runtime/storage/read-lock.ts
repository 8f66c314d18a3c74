import { Database, type Statement } from "bun:sqlite";

/** Of a turn of the event loop. A turn with one read alone would pay for the lock twice. */
const readsBeforeHold = 1;

/**
 * Hot path. Each statement that reads takes a lock of the write-ahead log and gives it back: two system calls, and most of
 * what a read of one row costs (3.1 µs with them, 0.9 without). SQLite counts such locks for the whole
 * process, so while a second connection holds one on the same state of the log, the first one's are counted and nothing
 * more. This is that second connection: it begins a read with the second read of a turn and ends it with the turn.
 *
 * The service's own connection works as ever: each of its statements sees the newest commit, whoever made it. When somebody
 * commits meanwhile its reads take locks of their own again, until the next turn. A lock that is held keeps the log from
 * being folded in, so none outlives its turn, and none is held while this process writes.
 */
export class ReadLock {
  readonly #client: Database;
  readonly #file: string;
  #keeper: Keeper | undefined;
  #reads = 0;
  #held = false;
  #turnEnds = false;
  /** Closed, or not to be had: then statements lock for themselves. */
  #over = false;

  /** `client` is the service's connection to `file`. */
  constructor(client: Database, file: string) {
    this.#client = client;
    this.#file = file;
  }

  /** What is to be called before a statement of the service's connection runs. */
  before(sql: string): () => void {
    return /^\s*select\b/i.test(sql) ? this.read : this.release;
  }

  /** The service's connection is about to read. */
  readonly read = (): void => {
    if (this.#held) return;
    if (!this.#turnEnds) {
      this.#turnEnds = true;
      setImmediate(this.#endTurn);
    }
    if (this.#reads++ === readsBeforeHold) this.#hold();
  };

  /** The service's connection is about to write. */
  readonly release = (): void => {
    this.#reads = 0;
    if (!this.#held) return;
    this.#held = false;
    this.#keeper!.end();
  };

  /** Before the service's own connection closes. */
  close(): void {
    this.release();
    this.#over = true;
    this.#keeper?.close();
    this.#keeper = undefined;
  }

  readonly #endTurn = (): void => {
    this.#turnEnds = false;
    this.release();
  };

  #hold(): void {
    if (this.#over || this.#client.inTransaction) return;
    try {
      // Not before it is needed: it takes two file descriptors and some 100 KiB.
      this.#keeper ??= new Keeper(this.#file);
      this.#keeper.begin();
      this.#held = true;
    } catch {
      // It saves time and nothing else; what is wrong with the file the service hears from its own connection.
      this.close();
    }
  }
}

/** The second connection. */
class Keeper {
  readonly #client: Database;
  readonly #begin: Statement;
  readonly #read: Statement;
  readonly #end: Statement;

  constructor(file: string) {
    this.#client = new Database(file, { readonly: true });
    this.#client.run("PRAGMA cache_size = -16");
    this.#begin = this.#client.prepare("BEGIN");
    this.#read = this.#client.prepare("SELECT 1 FROM sqlite_schema LIMIT 1");
    this.#end = this.#client.prepare("COMMIT");
  }

  begin(): void {
    this.#begin.run();
    // SQLite takes the lock with the first statement that reads.
    this.#read.get();
  }

  end(): void {
    this.#end.run();
  }

  close(): void {
    for (const statement of [this.#begin, this.#read, this.#end]) statement.finalize();
    this.#client.close();
  }
}
