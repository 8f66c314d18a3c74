import { MicrocosmError } from "../../sdk/errors.ts";

/** SQLite's result codes that mean the file cannot be written, and what a person does about each. */
const unwritable: Readonly<Record<string, string>> = {
  SQLITE_FULL: "the disk is full",
  SQLITE_READONLY: "the file or its folder is read-only",
  SQLITE_CANTOPEN: "it cannot be opened or created there",
  SQLITE_IOERR: "reading or writing it failed",
  SQLITE_PERM: "access is denied",
  EACCES: "access is denied",
  EPERM: "access is denied",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
};

/**
 * What went wrong at the database as an error of the table: `data-unwritable` for a full, read-only or broken disk,
 * `overloaded` when another instance held the write lock for longer than the busy timeout. Undefined for anything
 * else: a constraint or a mistake in SQL is the author's own. Looks through causes, for drizzle wraps errors.
 */
export function storageError(error: unknown, file: string): MicrocosmError | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    if (at instanceof MicrocosmError) return undefined;
    const code = "code" in at && typeof at.code === "string" ? at.code : "";
    if (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED")) {
      const message = `${file} was locked by another instance for too long`;
      return new MicrocosmError("overloaded", message, { cause: error });
    }
    // Extended codes such as SQLITE_IOERR_WRITE begin with the plain one.
    const [plain = code] = code.match(/^SQLITE_[A-Z]+/) ?? [];
    const reason = unwritable[plain];
    if (reason !== undefined) {
      return new MicrocosmError("data-unwritable", `${file}: ${reason} (${at.message})`, { cause: error });
    }
  }
  return undefined;
}

export function isBusy(error: unknown): boolean {
  return error instanceof Error && "code" in error && String(error.code).startsWith("SQLITE_BUSY");
}
