/** OWASP's second recommendation for argon2id: 19 MiB, two passes. */
const recommended = { memoryKiB: 19_456, passes: 2 };

/** Least that argon2 takes per lane. */
const leastMemoryKiB = 8;

/**
 * Hashes and checks passwords with argon2id on Bun's thread pool, never on the event loop.
 *
 * `MICROCOSM_PASSWORD_COST` is the memory of one hash in KiB (default 19456); tests set a small one.
 */
export class Passwords {
  readonly #memoryKiB: number;

  constructor(env: Readonly<Record<string, string | undefined>>) {
    this.#memoryKiB = readCost(env.MICROCOSM_PASSWORD_COST);
  }

  hash(password: string): Promise<string> {
    return Bun.password.hash(password, {
      algorithm: "argon2id",
      memoryCost: this.#memoryKiB,
      timeCost: recommended.passes,
    });
  }

  /**
   * Without a hash it does the same work and says no: how long the answer takes must not tell whether an account
   * exists.
   */
  async verify(password: string, hash: string | undefined): Promise<boolean> {
    if (hash !== undefined) return Bun.password.verify(password, hash);
    await this.hash(password);
    return false;
  }
}

function readCost(value: string | undefined): number {
  if (value === undefined || value === "") return recommended.memoryKiB;
  const cost = Number(value);
  if (!Number.isInteger(cost) || cost < leastMemoryKiB) {
    throw new Error(
      `MICROCOSM_PASSWORD_COST: a whole number of KiB from ${leastMemoryKiB} up, not "${value}"`,
    );
  }
  return cost;
}
