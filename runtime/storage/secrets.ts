/**
 * Columns whose cells leave the file for nobody. By name, because no service says which of its columns are secret; the
 * words are parts of names as `password_hash`, `privateJwk` and `api-key` have them.
 */
const secretWords: ReadonlySet<string> = new Set([
  "password",
  "passwd",
  "passphrase",
  "pwd",
  "secret",
  "secrets",
  "private",
  "token",
  "tokens",
  "credential",
  "credentials",
  "apikey",
  "salt",
  "otp",
  "pin",
  "cvv",
  "cvc",
]);

/** `apiKey`, `signing_key`: words that say something only together. */
const secretPairs = /(^|_)(api|access|signing|encryption|master)_key($|_)/;

export function isSecretColumn(name: string): boolean {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  const joined = words.join("_");
  return words.some(isSecretWord) || secretPairs.test(joined);
}

function isSecretWord(word: string): boolean {
  return secretWords.has(word) || word.includes("password") || word.includes("secret");
}

/**
 * Text that is a secret wherever it stands: a password hash in crypt format, a private key in PEM, a private JWK (RFC 7517;
 * `d` is its private member), a signed token.
 */
export function looksSecret(text: string): boolean {
  return (
    /^\$(argon2(id|i|d)|2[abxy]|scrypt|pbkdf2[\w-]*|5|6|y)\$/.test(text) ||
    /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text) ||
    (/"kty"\s*:/.test(text) && /"(d|k)"\s*:/.test(text)) ||
    /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{16,}/.test(text)
  );
}
