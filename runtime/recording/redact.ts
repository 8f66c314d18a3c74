import { isSecretColumn, looksSecret } from "../storage/secrets.ts";

/** What stands in a recording in place of a secret. */
export const withheld = "•••";
const maxDepth = 16;

const names =
  "[\\w.-]*(?:password|passwd|passphrase|pwd|secret|token|credential|api[_-]?key|authorization|cookie)[\\w.-]*";
/** `password=…`, `"token": "…"`, `apiKey: …`. */
const assigned = new RegExp(
  `(["']?${names}["']?\\s*[:=]\\s*)("(?:[^"\\\\]|\\\\.)*"|'[^']*'|[^\\s,;&)}\\]]+)`,
  "gi",
);
/** `password Z-sJhwdrHn`. */
const told = new RegExp(`(\\b${names}\\s+)([^\\s,;()]{8,})`, "gi");
/** A word that no prose has: digits in it, or capitals where none belong. */
const generated = /[\d_]|[a-z][A-Z]|[A-Z]{2}/;
const scheme = /\b(Bearer|Basic)\s+[\w.~+/=-]{8,}/gi;
const userInfo = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@:]*:[^\s/@]+@/gi;
/** As in looksSecret, wherever it stands in a text. */
const shaped = [
  /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{16,}/g,
  /\$(?:argon2(?:id|i|d)|2[abxy]|scrypt|pbkdf2[\w-]*|5|6|y)\$[\w./+=,$-]+/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
];
/** One look tells of most texts that they have nothing in them. */
const suspect = new RegExp(`${names}|\\b(?:bearer|basic)\\s|://[^\\s/]*@|eyJ|\\$\\w+\\$|PRIVATE KEY`, "i");

/** A text without what is a secret by its name or its shape. The same string when there was nothing. */
export function redactText(text: string): string {
  if (!suspect.test(text)) return text;
  let out = text;
  for (const pattern of shaped) out = out.replace(pattern, withheld);
  return out
    .replace(scheme, `$1 ${withheld}`)
    .replace(userInfo, `$1${withheld}@`)
    .replace(assigned, (whole, name: string, value: string) => {
      if (value.includes(withheld) || /^(true|false|null|undefined|\d+)$/.test(value)) return whole;
      if (/^(bearer|basic)$/i.test(value)) return whole;
      const quote = /^["']/.exec(value)?.[0] ?? "";
      return `${name}${quote}${withheld}${quote}`;
    })
    .replace(told, (whole, name: string, word: string) =>
      generated.test(word) ? `${name}${withheld}` : whole,
    );
}

/** The same of any JSON; members with the name of a secret lose their text whatever it is. The same value when clean. */
export function redactValue<T>(value: T, depth = 0): T {
  if (typeof value === "string") return redactString(value) as T;
  if (typeof value !== "object" || value === null) return value;
  if (depth > maxDepth) return withheld as T;
  let changed: Record<string, unknown> | undefined;
  for (const [key, member] of Object.entries(value)) {
    const clean =
      typeof member === "string" && isSecretColumn(key)
        ? withheld
        : redactValue(member as unknown, depth + 1);
    if (clean === member) continue;
    // An array's members have names too: their places.
    changed ??= (Array.isArray(value) ? [...(value as unknown[])] : { ...value }) as Record<string, unknown>;
    changed[key] = clean;
  }
  return (changed ?? value) as T;
}

function redactString(text: string): string {
  return looksSecret(text) && !/\s/.test(text) ? withheld : redactText(text);
}
