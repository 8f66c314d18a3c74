import type { JWK } from "jose";
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

export const users = sqliteTable("users", {
  id: text("id").primaryKey(),
  /** Normalised: trimmed, lower case. */
  email: text("email").notNull().unique(),
  name: text("name").notNull(),
  passwordHash: text("password_hash").notNull(),
  roles: text("roles", { mode: "json" }).$type<readonly string[]>().notNull(),
  createdAt: integer("created_at").notNull(),
});

export const signingKeys = sqliteTable("signing_keys", {
  kid: text("kid").primaryKey(),
  privateJwk: text("private_jwk", { mode: "json" }).$type<JWK>().notNull(),
  publicJwk: text("public_jwk", { mode: "json" }).$type<JWK>().notNull(),
  createdAt: integer("created_at").notNull(),
});

export const tokenFamilies = sqliteTable("token_families", {
  id: text("id").primaryKey(),
  userId: text("user_id")
    .notNull()
    .references(() => users.id, { onDelete: "cascade" }),
  /** Set when a used token came back: nothing of this family is good any more. */
  revokedAt: integer("revoked_at"),
});

export const refreshTokens = sqliteTable("refresh_tokens", {
  /** SHA-256, hex. The token itself is kept by its owner only. */
  tokenHash: text("token_hash").primaryKey(),
  familyId: text("family_id")
    .notNull()
    .references(() => tokenFamilies.id, { onDelete: "cascade" }),
  expiresAt: integer("expires_at").notNull(),
  usedAt: integer("used_at"),
});
