import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { MicrocosmError } from "../../sdk/errors.ts";
import { isSameProcess, processStart } from "./process-identity.ts";
import { RunDirectory, unwritable } from "./run-directory.ts";

const holdLock = join(import.meta.dir, "fixtures/hold-lock.ts");
let root: string;
const children: Bun.Subprocess[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "mc-run-"));
});

afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill("SIGKILL");
    await child.exited;
  }
  rmSync(root, { recursive: true, force: true });
});

const open = (dataDirectory: string, longestName = "supervisor") =>
  RunDirectory.open({ dataDirectory, longestName, sockets: true });
const refusal = (dataDirectory: string) =>
  open(dataDirectory).then(
    () => undefined,
    (error: MicrocosmError) => error,
  );

/** Another process that holds the data directory until it is killed. */
async function hold(dataDirectory: string): Promise<Bun.Subprocess> {
  const child = Bun.spawn([process.execPath, holdLock, dataDirectory], { stdout: "pipe", stderr: "inherit" });
  children.push(child);
  await child.stdout.getReader().read();
  return child;
}

describe("the lock", () => {
  test("refuses a second run in the same process and in another, naming the first's pid", async () => {
    const first = await open(root);
    expect(await refusal(root)).toMatchObject({ code: "already-running" });
    expect((await refusal(root))?.message).toContain(`pid ${process.pid}`);
    // A refused one must have touched nothing.
    expect(readdirSync(first.path).sort()).toEqual(["holder.json", "lock"]);
    await first.close();
    await first.close();
    const child = await hold(root);
    const error = await refusal(root);
    expect(error).toMatchObject({ code: "already-running" });
    expect(error?.message).toContain(`pid ${child.pid}`);
  });

  test("of a killed run is free at once, and what it left is cleared away", async () => {
    const child = await hold(root);
    child.kill("SIGKILL");
    await child.exited;
    for (const file of ["orders-1.sock", "control.json"]) writeFileSync(join(root, "run", file), "x");
    writeFileSync(join(root, "orders.sqlite"), "data");
    const next = await open(root);
    expect(readdirSync(next.path).sort()).toEqual(["holder.json", "lock"]);
    expect(existsSync(join(root, "orders.sqlite"))).toBe(true);
    await next.close();
  });

  test("does not take a stranger with the pid of a killed run for that run", async () => {
    mkdirSync(join(root, "run"));
    const holder = { pid: process.ppid, pidStart: "long ago" };
    writeFileSync(join(root, "run/holder.json"), JSON.stringify(holder));
    writeFileSync(join(root, "run/orders-1.pid"), `${process.ppid} long ago`);
    await (await open(root)).close();
    expect(processStart(process.ppid)).toBeDefined();
  });

  test("goes to exactly one of many that want it at the same time", async () => {
    const wanting = Array.from({ length: 6 }, () => {
      const child = Bun.spawn([process.execPath, holdLock, root], { stdout: "pipe", stderr: "ignore" });
      children.push(child);
      return child;
    });
    const words = await Promise.all(
      wanting.map(async (child) =>
        new TextDecoder().decode((await child.stdout.getReader().read()).value).trim(),
      ),
    );
    expect(words.filter((word) => word === "held")).toHaveLength(1);
    expect(words.filter((word) => word === "already-running")).toHaveLength(5);
  });

  test("a worker that outlived its supervisor is ended by the next run", async () => {
    const orphan = Bun.spawn(["sleep", "1000"]);
    children.push(orphan);
    const first = await open(root);
    first.notePid("orders-1", orphan.pid);
    const pidFile = join(first.path, "orders-1.pid");
    const text = await Bun.file(pidFile).text();
    await first.close();
    expect(existsSync(pidFile)).toBe(false);
    // As a crash would have left it.
    writeFileSync(pidFile, text);
    const second = await open(root);
    await orphan.exited;
    expect(orphan.signalCode).toBe("SIGKILL");
    await second.close();
  });
});

describe("sockets", () => {
  test("are in the run directory when the path is short enough", async () => {
    const run = await open(join(root, "data"));
    expect(run.address("orders-1")).toBe(join(run.path, "orders-1.sock"));
    expect(statSync(run.path).mode & 0o777).toBe(0o700);
    await run.close();
  });

  test("are in a private temporary folder when it is not, and that goes with the run", async () => {
    const data = join(root, "deep".repeat(30));
    const run = await open(data);
    const address = run.address("orders-1");
    expect(Buffer.byteLength(address)).toBeLessThan(104);
    expect(statSync(dirname(address)).mode & 0o777).toBe(0o700);
    writeFileSync(address, "");
    const long = run.address("n".repeat(150));
    expect(Buffer.byteLength(long)).toBeLessThan(104);
    expect(long).not.toBe(run.address(`${"n".repeat(150)}2`));
    await run.close();
    expect(existsSync(dirname(address))).toBe(false);
  });

  test("of a crashed run in the temporary folder are cleared away as well", async () => {
    const data = join(root, "deep".repeat(30));
    const child = await hold(data);
    child.kill("SIGKILL");
    await child.exited;
    const run = await open(data);
    expect(readdirSync(dirname(run.address("x")))).toEqual([]);
    await run.close();
  });
});

describe("a data directory that cannot be used", () => {
  test("is named, with the reason", async () => {
    writeFileSync(join(root, "file"), "");
    const under = await refusal(join(root, "file/data"));
    expect(under).toMatchObject({ code: "data-unwritable" });
    expect(under?.message).toContain(join(root, "file/data"));
    expect(under?.message).toContain("a part of the path is a file");
    expect(await refusal(join(root, "file"))).toMatchObject({ code: "data-unwritable" });
    expect(await refusal("/proc/nowhere")).toMatchObject({ code: "data-unwritable" });
  });

  test("a full disk or a read-only one is told in words", () => {
    const message = (code: string) => unwritable("/data", Object.assign(new Error("x"), { code })).message;
    expect(message("ENOSPC")).toContain("the disk is full");
    expect(message("EROFS")).toContain("read-only");
    expect(message("SQLITE_FULL")).toContain("the disk is full");
    expect(message("EOTHER")).toContain("x");
  });
});

describe("a process", () => {
  test("is known by pid and start; a wrong start, a dead one and nonsense are nobody", async () => {
    const start = processStart(process.pid);
    expect(start).toBeDefined();
    expect(isSameProcess(process.pid, start!)).toBe(true);
    expect(isSameProcess(process.pid, `${start}0`)).toBe(false);
    const child = Bun.spawn(["true"]);
    await child.exited;
    for (const pid of [child.pid, 0, -1, Number.NaN, 1.5]) expect(processStart(pid)).toBeUndefined();
  });
});
