/** Readers of option values for commander: each throws with what it expected. */

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`"${text}" is not a whole number above 0`);
  return value;
}

export const numberAbove =
  (least: number) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === "" || !(value > least && Number.isFinite(value))) {
      throw new Error(`"${text}" is not a number above ${least}`);
    }
    return value;
  };
