export interface ChargeRequest {
  /** Equal keys are one charge: asking again gives the outcome of the first time. */
  readonly key: string;
  readonly token: string;
  readonly amountCents: number;
  readonly currency: string;
}

export type ChargeOutcome =
  | { readonly outcome: "captured"; readonly chargeId: string }
  | { readonly outcome: "declined" };

/** The company that moves the money. It is not ours: it may be slow, and an answer that got lost may be a yes. */
export interface PaymentProvider {
  /** Rejects when `signal` aborts; whether the money was taken is then unknown until `release`. */
  charge(request: ChargeRequest, signal: AbortSignal): Promise<ChargeOutcome>;
  /** Gives back what was taken under this key, if anything, and takes nothing under it later. May be repeated. */
  release(key: string): Promise<void>;
}

/**
 * A provider for workshops that decides by the token: `tok_ok` is captured, `tok_timeout` never answered, everything
 * else declined. It keeps nothing: the same request has the same outcome by itself.
 */
export const sandboxProvider: PaymentProvider = {
  async charge({ key, token }, signal) {
    if (token === "tok_timeout") return neverAnswered(signal);
    return token === "tok_ok" ? { outcome: "captured", chargeId: `ch_${key}` } : { outcome: "declined" };
  },
  async release() {},
};

function neverAnswered(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const giveUp = () => reject(signal.reason);
    if (signal.aborted) giveUp();
    else signal.addEventListener("abort", giveUp, { once: true });
  });
}
