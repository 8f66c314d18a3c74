/** The reference of topology.yaml as Markdown, made from the same JSON schema that editors read. */
interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly examples?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly required?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
}

const begin = "<!-- reference: written by scripts/schema.ts -->";

/** `page` with everything below its marker made anew. */
export function withReference(page: string, schema: object): string {
  const end = page.indexOf(begin);
  if (end < 0) throw new Error(`docs/topology.md has no line ${begin}`);
  return `${page.slice(0, end)}${begin}\n\n${sections(schema as Schema).join("\n")}`;
}

function sections(root: Schema): string[] {
  const lines: string[] = [];
  for (const [name, schema] of Object.entries(root.properties ?? {})) {
    lines.push(`## ${name}`, "");
    if (schema.description !== undefined) lines.push(schema.description, "");
    const rows = rowsOf(schema, name);
    if (rows.length > 0)
      lines.push("| key | what | value | default |", "| --- | --- | --- | --- |", ...rows, "");
    else lines.push(`Value: ${valueText(schema)}.`, "");
  }
  return lines;
}

function rowsOf(schema: Schema, path: string): string[] {
  const rows: string[] = [];
  const visit = (key: string, child: Schema, required: boolean) => {
    const shown =
      child.default === undefined ? (required ? "required" : "") : `\`${JSON.stringify(child.default)}\``;
    rows.push(
      `| \`${key}\` | ${cell(child.description ?? "")} | ${cell(valueText(child))} | ${cell(shown)} |`,
    );
    rows.push(...rowsOf(child, key));
  };
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    visit(`${path}.${name}`, child, schema.required?.includes(name) ?? false);
  }
  if (typeof schema.additionalProperties === "object")
    rows.push(...rowsOf(schema.additionalProperties, `${path}.<name>`));
  if (schema.items !== undefined) rows.push(...rowsOf(schema.items, `${path}[]`));
  for (const option of schema.anyOf ?? []) rows.push(...rowsOf(option, path));
  return rows;
}

function valueText(schema: Schema): string {
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${value}\``).join(", ");
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(valueText))].join(" or ");
  if (schema.items !== undefined) return `list of ${valueText(schema.items)}`;
  if (schema.type === "object")
    return schema.properties === undefined ? "names and values" : "an object, see below";
  const range =
    schema.minimum !== undefined && schema.maximum !== undefined && schema.maximum < Number.MAX_SAFE_INTEGER
      ? ` ${schema.minimum} to ${schema.maximum}`
      : "";
  const example = schema.examples?.[0] === undefined ? "" : `, like \`${schema.examples[0]}\``;
  return `${schema.type ?? "anything"}${range}${example}`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
