/** The result follows later: the call will be notified. */
export const PENDING: unique symbol = Symbol('pending');

/**
 * What `attempt.refuse()` returns, for a gate to return in its turn: the attempt was rejected.
 *
 * @example
 * enter: (attempt): Token | typeof REFUSED => (this.take() ? token : attempt.refuse(new SpentError())),
 */
export const REFUSED: unique symbol = Symbol('refused');

/** Another attempt starts at once, without growing the call stack. */
export const AGAIN: unique symbol = Symbol('again');

declare const RESULT: unique symbol;

/** What a call returns: a value, or a promise. Opaque, so that a value cannot be mistaken for a {@link Step}. */
export interface CallResult {
  readonly [RESULT]: never;
}

/** How a call continues after a step: it ends with a result, waits, or starts another attempt. */
export type Step = CallResult | typeof PENDING | typeof AGAIN;

export const asResult = (value: unknown): CallResult => value as CallResult;
