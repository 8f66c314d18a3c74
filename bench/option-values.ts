/** Readers of option values for commander, which names the option and ends the program when one throws. */
import { InvalidArgumentError } from "commander";

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError(`"${text}" is not a whole number above 0`);
  return value;
}

export const wholeNumberWithin =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isInteger(value) || value < least || value > most) {
      throw new InvalidArgumentError(`"${text}" is not a whole number from ${least} to ${most}`);
    }
    return value;
  };

export const numberAbove =
  (least: number) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === "" || !(value > least && Number.isFinite(value))) {
      throw new InvalidArgumentError(`"${text}" is not a number above ${least}`);
    }
    return value;
  };

export const numberFrom =
  (least: number) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === "" || !(value >= least && Number.isFinite(value))) {
      throw new InvalidArgumentError(`"${text}" is not a number from ${least} on`);
    }
    return value;
  };

/** Some of a few words, with commas between. */
export const someOf =
  <T extends string>(option: string, known: readonly T[]) =>
  (text: string): readonly T[] => {
    const wanted = text.split(",").map((word) => word.trim());
    const wrong = wanted.find((word) => !(known as readonly string[]).includes(word));
    if (wrong !== undefined) {
      throw new InvalidArgumentError(`${option} takes ${known.join(", ")}, not "${wrong}"`);
    }
    return wanted as T[];
  };
