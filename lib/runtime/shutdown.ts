import {
  Call,
  OperoShutdownError,
  withoutStack,
  type Clock,
  type RootScope,
  type Scope,
} from '../core/index.js';

/**
 * Ends what goes on: runs over many items take no more, waits that would not be over by the deadline end at once, and
 * what is left at the deadline is aborted with {@link OperoShutdownError}. Resolves when nothing runs.
 */
export async function drain(root: RootScope, clock: Clock, drainTimeout: number): Promise<void> {
  const deadline = clock.now() + drainTimeout;
  root.endBy(deadline);
  root.drain(new OperoShutdownError('a run over many items'));
  stopCalls(root, (call) => waitsBeyond(call, deadline));
  const idle = root.whenIdle();
  await new Promise<void>((resolve) => {
    const timer = clock.schedule(drainTimeout, resolve);
    void idle.then(() => {
      timer.cancel();
      resolve();
    });
  });
  stopCalls(root, () => true);
}

/** Aborts calls, wherever in a scope they are. */
export function stopCalls(scope: Scope, matches: (call: Call) => boolean): void {
  for (const child of scope.children()) {
    if (child instanceof Call && matches(child)) {
      child.abort(withoutStack(() => new OperoShutdownError(child.operation.name)));
    } else stopCalls(child, matches);
  }
}

const waitsBeyond = (call: Call, deadline: number): boolean =>
  call.waitsUntil > deadline || (call.current?.waitsUntil ?? 0) > deadline;
