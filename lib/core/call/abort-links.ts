/** Aborts something with the reason of a signal. */
type Abort = (reason: unknown) => void;

interface Linked {
  readonly aborts: Set<Abort>;
  readonly listener: () => void;
}

const linked = new WeakMap<AbortSignal, Linked>();

/**
 * Calls `abort` when `signal` aborts, or at once if it already has. A long-lived signal gets one listener for all its
 * calls, removed with the last one. `AbortSignal.any` is not used, because it retains its sources. Returns a function
 * that removes the link.
 */
export function linkSignal(signal: AbortSignal, abort: Abort): () => void {
  if (signal.aborted) {
    abort(signal.reason);
    return () => undefined;
  }
  const own: Abort = (reason) => abort(reason);
  const { aborts, listener } = linked.get(signal) ?? listen(signal);
  aborts.add(own);
  return () => {
    if (!aborts.delete(own) || aborts.size > 0) return;
    signal.removeEventListener('abort', listener);
    if (linked.get(signal)?.aborts === aborts) linked.delete(signal);
  };
}

function listen(signal: AbortSignal): Linked {
  const aborts = new Set<Abort>();
  const listener = () => {
    for (const abort of [...aborts]) abort(signal.reason);
  };
  const link = { aborts, listener };
  linked.set(signal, link);
  signal.addEventListener('abort', listener, { once: true });
  return link;
}
