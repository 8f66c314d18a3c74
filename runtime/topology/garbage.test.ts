import { expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { stringify } from "yaml";
import { formatIssues } from "./format-issues.ts";
import { parseTopology } from "./load.ts";

// A busy machine must not turn a slow property into a failed one.
setDefaultTimeout(60_000);

/** Whatever the text: an answer, and each issue inside the text, with an excerpt that is the line it names. */
function check(text: string): void {
  const { topology, issues } = parseTopology(text, {
    file: "t.yaml",
    directory: "/nowhere",
    checkSources: false,
  });
  if (topology) return;
  expect(issues.length).toBeGreaterThan(0);
  const lines = text.split(/\r?\n/);
  for (const issue of issues) {
    expect(issue.line).toBeGreaterThanOrEqual(1);
    expect(issue.line).toBeLessThanOrEqual(lines.length);
    expect(issue.excerpt).toBe(lines[issue.line - 1]!);
    expect(issue.column).toBeGreaterThanOrEqual(1);
    expect(issue.column).toBeLessThanOrEqual(issue.excerpt.length + 1);
    expect(issue.length).toBeGreaterThanOrEqual(1);
  }
  const shown = formatIssues(issues, { colour: false });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal would obey must not get there
  expect(shown).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
}

test("any text", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), check), { numRuns: 150 });
});

test("text of YAML's own characters", () => {
  const unit = fc.constantFrom(
    ..."abc01 \n\n\t:-[]{},&*!|>'\"#%@`~?<=./\\\r\u2028".split(""),
    "<<",
    "---",
    "  ",
    ": ",
  );
  fc.assert(fc.property(fc.string({ unit, maxLength: 60 }), check), { numRuns: 400 });
});

const key = fc.constantFrom(
  ..."name gateway services policies topics supervisor routes path service aggregate rewrite auth cache purgeOn uses requires source instances static directory jwks timeout retries default a b __proto__ constructor toString".split(
    " ",
  ),
  "*",
  "",
);
const scalar = fc.oneof(
  key,
  fc.constantFrom("/a/{id}", "/{a}/{a}", "a:/b", "2s", "5 parsecs", "10MiB", "GET", "required"),
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
);

test("any data under the topology's own keys", () => {
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "large", withCrossShrink: true },
      scalar,
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(key, tie("value"), { maxKeys: 5, noNullPrototype: true }),
    ),
  }));
  const root = fc.dictionary(key, value, { minKeys: 2, maxKeys: 6, noNullPrototype: true });
  fc.assert(
    fc.property(root, (data) => check(stringify(data))),
    { numRuns: 150 },
  );
});

test("deep nesting, aliases that multiply or loop, long lists", () => {
  check("[".repeat(500));
  check("a: ".repeat(200));
  check(
    `a: &a [x, x]\n${[..."bcdefghijklmnop"].map((name, index) => `${name}: &${name} [*${"abcdefghijklmnop"[index]}, *${"abcdefghijklmnop"[index]}]`).join("\n")}\n`,
  );
  check("name: &a\n  x: *a\n");
  check(`name: t\nservices: [${"1,".repeat(10_000)}1]\n`);
});
