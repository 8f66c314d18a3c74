import type { SQLQueryBindings, Statement } from "bun:sqlite";
import { type StatementTelemetry, unknownRows } from "./sql-telemetry.ts";

/**
 * What drizzle uses of a prepared statement, with what a service's storage does around it. Hot path: it is one layer, as
 * each makes an array of the parameters and takes it apart again.
 */
export class ServiceStatement {
  readonly #statement: Statement;
  readonly #before: () => void;
  readonly #telemetry: StatementTelemetry | undefined;

  /** `before` is called each time before it runs; its time is the statement's. */
  constructor(statement: Statement, before: () => void, telemetry: StatementTelemetry | undefined) {
    this.#statement = statement;
    this.#before = before;
    this.#telemetry = telemetry;
  }

  all(...params: SQLQueryBindings[]): unknown[] {
    const telemetry = this.#telemetry;
    if (telemetry === undefined) {
      this.#before();
      return this.#statement.all(...params);
    }
    const startMs = telemetry.now();
    try {
      this.#before();
      const rows = this.#statement.all(...params);
      telemetry.ended(startMs, rows.length);
      return rows;
    } catch (error) {
      telemetry.ended(startMs, unknownRows, error);
      throw error;
    }
  }

  values(...params: SQLQueryBindings[]): unknown[][] {
    const telemetry = this.#telemetry;
    if (telemetry === undefined) {
      this.#before();
      return this.#statement.values(...params);
    }
    const startMs = telemetry.now();
    try {
      this.#before();
      const rows = this.#statement.values(...params);
      telemetry.ended(startMs, rows.length);
      return rows;
    } catch (error) {
      telemetry.ended(startMs, unknownRows, error);
      throw error;
    }
  }

  get(...params: SQLQueryBindings[]): unknown {
    const telemetry = this.#telemetry;
    if (telemetry === undefined) {
      this.#before();
      return this.#statement.get(...params);
    }
    const startMs = telemetry.now();
    try {
      this.#before();
      const row = this.#statement.get(...params);
      telemetry.ended(startMs, row === null ? 0 : 1);
      return row;
    } catch (error) {
      telemetry.ended(startMs, unknownRows, error);
      throw error;
    }
  }

  run(...params: SQLQueryBindings[]): unknown {
    const telemetry = this.#telemetry;
    if (telemetry === undefined) {
      this.#before();
      return this.#statement.run(...params);
    }
    const startMs = telemetry.now();
    try {
      this.#before();
      const outcome = this.#statement.run(...params);
      telemetry.ended(startMs, unknownRows);
      return outcome;
    } catch (error) {
      telemetry.ended(startMs, unknownRows, error);
      throw error;
    }
  }

  finalize(): void {
    this.#statement.finalize();
  }

  asStatement(): Statement {
    return this as unknown as Statement;
  }
}
