import { expect, test } from "bun:test";
import { type Column, table } from "./output.ts";

interface Row {
  readonly name: string;
  readonly rate: string;
  readonly note: string;
}

const columns: readonly Column<Row>[] = [
  { title: "NAME", value: ({ name }) => name },
  { title: "RATE", value: ({ rate }) => rate, right: true, spare: 1 },
  { title: "NOTE", value: ({ note }) => note, spare: 2 },
];
const rows: readonly Row[] = [{ name: "orders → catalog", rate: "12", note: "a long note" }];

test("a table leaves out spare columns until it fits, the most spare first", () => {
  expect(table(rows, columns, 80)).toBe("NAME              RATE  NOTE\norders → catalog    12  a long note");
  expect(table(rows, columns, 30)).toBe("NAME              RATE\norders → catalog    12");
  expect(table(rows, columns, 20)).toBe("NAME\norders → catalog");
});

test("what must be there is there, however narrow it is", () => {
  expect(table(rows, columns, 5)).toBe("NAME\norders → catalog");
  expect(table([], columns, 5)).toBe("NAME");
});
