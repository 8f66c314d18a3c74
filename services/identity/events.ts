import { z } from "zod";

export const identityEvents = {
  /** Key: the user's id. */
  "user.registered": z.object({ userId: z.string(), email: z.string(), name: z.string() }),
};
