/** What all styles carry, and how far it goes: the same work, so that only the way there differs. */
import { z } from "zod";

export const hops = ["hop1", "hop2", "hop3", "hop4", "hop5"] as const;
export type Hop = (typeof hops)[number];

export const styles = ["mesh", "http", "events"] as const;
export type Style = (typeof styles)[number];

export const shapes = ["one", "chain", "parallel"] as const;
export type Shape = (typeof shapes)[number];

export const question = z.object({
  style: z.enum(styles),
  /** Who is asked, and who is asked by that one, and so on. */
  path: z.array(z.enum(hops)).min(1),
  text: z.string(),
});
export type Question = z.infer<typeof question>;

/** Everyone who was asked adds one. */
export const answer = z.object({ count: z.number(), text: z.string() });
export type Answer = z.infer<typeof answer>;

const text = "x".repeat(100);

/** One question, or five at once. */
export function questionsOf(style: Style, shape: Shape): Question[] {
  switch (shape) {
    case "one":
      return [{ style, path: ["hop1"], text }];
    case "chain":
      return [{ style, path: [...hops], text }];
    case "parallel":
      return hops.map((hop) => ({ style, path: [hop], text }));
  }
}

/** For the hop after this one; undefined at the end. */
export function restOf({ style, path, text }: Question): Question | undefined {
  return path.length === 1 ? undefined : { style, path: path.slice(1), text };
}
