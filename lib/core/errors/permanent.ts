const marked = new WeakSet<object>();

/**
 * Marks an error as permanent and returns it: no retry, no hedge and no further fallback argument follows, whatever
 * `retryOn`, `hedge.on` and `argFallback.on` allow, in this operation and in all that surround it. The caller gets
 * this error. A fallback still runs, and a circuit breaker counts the error as usual. The mark cannot be removed: do
 * not mark an error object that is thrown elsewhere too.
 *
 * @throws TypeError if `error` is not an object
 * @example
 * @Opero({ retry: 3 })
 * async charge(order: Order): Promise<Receipt> {
 *   const answer = await this.bank.charge(order);
 *   if (answer.code === 'card_declined') throw permanent(new Error(`card of order ${order.id} declined`));
 *   return answer.receipt;
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

/** Whether an error was marked with {@link permanent}. An error that merely has it as a cause is not. */
export const isMarkedPermanent = (error: unknown): boolean => marked.has(error as object);
