/** What is to be aborted with a signal. */
type Abort = (reason: unknown) => void;

interface Linked {
  readonly aborts: Set<Abort>;
  readonly listener: () => void;
}

const linked = new WeakMap<AbortSignal, Linked>();

/**
 * Aborts something when `signal` aborts, or at once if it has. A signal that lives long and serves many calls at a time
 * gets one listener for all of them, which goes with the last: no `AbortSignal.any`, which keeps what it was made of.
 * Returns how to undo it.
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
