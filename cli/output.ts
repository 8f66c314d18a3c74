import { styleText } from "node:util";

type Style = Parameters<typeof styleText>[0];

/** Colours only where a person looks: a terminal, and NO_COLOR not set. */
export function paint(style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return stream.isTTY && !process.env.NO_COLOR ? styleText(style, text, { validateStream: false }) : text;
}

export function print(line = ""): void {
  process.stdout.write(`${line}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value));
}

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
  readonly style?: (row: Row) => Style | undefined;
  readonly right?: boolean;
  /** Left out where the terminal is too narrow for all columns; of several, the highest first. */
  readonly spare?: number;
}

const gapWidth = 2;

/** Of the terminal; without end where nobody looks, so that a file or a pipe gets all there is. */
export function terminalWidth(): number {
  return process.stdout.isTTY ? (process.stdout.columns ?? 80) : Number.POSITIVE_INFINITY;
}

/** Columns as wide as their widest cell, two spaces apart; fewer of them where they do not fit into `width`. */
export function table<Row>(
  rows: readonly Row[],
  all: readonly Column<Row>[],
  width: number = terminalWidth(),
): string {
  const columns = fitting(rows, all, width);
  const cells = rows.map((row) => columns.map((column) => column.value(row)));
  const widths = columns.map((column, i) =>
    Math.max(Bun.stringWidth(column.title), ...cells.map((row) => Bun.stringWidth(row[i] ?? ""))),
  );
  const line = (texts: readonly string[], style: (i: number) => Style | undefined) =>
    texts
      .map((text, i) => {
        const gap = " ".repeat(Math.max(0, (widths[i] ?? 0) - Bun.stringWidth(text)));
        const padded = columns[i]?.right ? gap + text : i === texts.length - 1 ? text : text + gap;
        const chosen = style(i);
        return chosen === undefined ? padded : paint(chosen, padded);
      })
      .join(" ".repeat(gapWidth))
      .trimEnd();
  const header = line(
    columns.map((column) => column.title),
    () => "dim",
  );
  return [header, ...cells.map((row, r) => line(row, (i) => columns[i]?.style?.(rows[r] as Row)))].join("\n");
}

function fitting<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  width: number,
): readonly Column<Row>[] {
  const widthOf = ({ title, value }: Column<Row>) =>
    rows.reduce((most, row) => Math.max(most, Bun.stringWidth(value(row))), Bun.stringWidth(title));
  const kept = columns.map((column) => ({ column, width: widthOf(column) }));
  const total = () => kept.reduce((sum, one) => sum + one.width + gapWidth, -gapWidth);
  while (total() > width) {
    const spare = kept.reduce<number | undefined>(
      (found, { column }) => (column.spare === undefined ? found : Math.max(found ?? 0, column.spare)),
      undefined,
    );
    if (spare === undefined) break;
    kept.splice(
      kept.findIndex(({ column }) => column.spare === spare),
      1,
    );
  }
  return kept.map(({ column }) => column);
}

/** `850 ms`, `12.4 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.floor(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`;
}

/** `512 B`, `1.4 KiB`, `38.2 MiB`. */
export function bytes(count: number): string {
  const units = ["B", "KiB", "MiB", "GiB"];
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
