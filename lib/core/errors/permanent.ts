const marked = new WeakSet<object>();

/**
 * Says that trying again is of no use, and returns the error itself to be thrown: no retry, no hedge and no further
 * fallback argument follows, whatever `retryOn`, `hedge.on` and `argFallback.on` say, here and in every operation
 * further out. The caller gets this very error. A fallback still answers, and a circuit breaker counts it as it would
 * without. The mark stays with the error for good: do not mark an error that is thrown elsewhere too.
 * Throws a `TypeError` for what is no object.
 *
 * @example
 * @Opero({ retry: 3 })
 * async charge(order: Order) {
 *   const answer = await this.bank.charge(order);
 *   if (answer.code === 'card_declined') throw permanent(new CardDeclinedError(order));
 *   return answer;
 * }
 */
export function permanent<E extends object>(error: E): E {
  if ((typeof error !== 'object' && typeof error !== 'function') || error === null) {
    throw new TypeError(
      `permanent(): got ${error === null ? 'null' : typeof error}, allowed: an error object`,
    );
  }
  marked.add(error);
  return error;
}

/** Whether an error was marked with {@link permanent}. What it is the cause of is not. */
export const isMarkedPermanent = (error: unknown): boolean => marked.has(error as object);
