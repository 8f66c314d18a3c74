import { eq } from "drizzle-orm";
import { problem } from "microcosm";
import { z } from "zod";
import type { IdentityContext } from "./context.ts";
import type { Passwords } from "./passwords.ts";
import { users } from "./schema.ts";

export type UserRow = typeof users.$inferSelect;

/** One mailbox, one account: case and blanks around it do not make another. */
export const normalisedEmail = z.string().trim().toLowerCase().max(254);

export const newUser = z.object({
  email: normalisedEmail.pipe(z.email("is not an e-mail address")),
  // The upper bound keeps a request from buying seconds of hashing with a megabyte of password.
  password: z.string().min(8, "needs at least 8 characters").max(200, "takes at most 200 characters"),
  name: z.string().trim().min(1, "is missing").max(100, "takes at most 100 characters"),
});

/** Throws 409 `email-taken`. */
export async function register(ctx: IdentityContext, passwords: Passwords, input: z.output<typeof newUser>) {
  const { email, name } = input;
  // Asked twice: here to spare the hashing, and once more under the write lock, where it counts.
  if (userByEmail(ctx, email) !== undefined) throw taken();
  const passwordHash = await passwords.hash(input.password);
  const id = Bun.randomUUIDv7();
  return ctx.transaction((tx) => {
    const [added] = tx
      .insert(users)
      .values({ id, email, name, passwordHash, roles: [], createdAt: Date.now() })
      .onConflictDoNothing({ target: users.email })
      .returning({ id: users.id, email: users.email, name: users.name })
      .all();
    if (added === undefined) throw taken();
    tx.publish("user.registered", { userId: id, email, name }, { key: id, subject: id });
    return added;
  });
}

export function userByEmail(ctx: IdentityContext, email: string): UserRow | undefined {
  return ctx.db.select().from(users).where(eq(users.email, email)).get();
}

function taken() {
  return problem(409, "email-taken", "That e-mail address has an account already");
}
