import type { IdentityContext } from "./context.ts";
import type { Passwords } from "./passwords.ts";
import { users } from "./schema.ts";
import { userByEmail } from "./users.ts";

export const adminEmail = "admin@shop.test";

/**
 * Makes the administrator at the first start. The password is MICROCOSM_ADMIN_PASSWORD, else a random one that is
 * told once. Of instances that start together one wins; only that one tells.
 */
export async function ensureAdmin(ctx: IdentityContext, passwords: Passwords): Promise<void> {
  if (userByEmail(ctx, adminEmail) !== undefined) return;
  const given = ctx.env.MICROCOSM_ADMIN_PASSWORD;
  const password = given || randomPassword();
  const passwordHash = await passwords.hash(password);
  const made = ctx.transaction((tx) =>
    tx
      .insert(users)
      .values({
        id: Bun.randomUUIDv7(),
        email: adminEmail,
        name: "Administrator",
        passwordHash,
        roles: ["admin"],
        createdAt: Date.now(),
      })
      .onConflictDoNothing({ target: users.email })
      .returning({ id: users.id })
      .all(),
  );
  if (made.length === 1 && !given) {
    ctx.log.notice(`administrator ${adminEmail}, password ${password} (told only once)`);
  }
}

function randomPassword(): string {
  return crypto.getRandomValues(new Uint8Array(15)).toBase64({ alphabet: "base64url" });
}
