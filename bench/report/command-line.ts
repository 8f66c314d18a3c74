/** How this process was started, as a line to type again. */
export function commandLine(args: readonly string[] = process.argv.slice(2)): string {
  return `bun run bench ${args.map(quoted).join(" ")}`;
}

function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
