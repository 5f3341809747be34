import type { Clock } from '../core/time/index.js';
import { OperoShutdownError, withoutStack } from '../core/errors/index.js';
import { Attempt, Call, type RootScope, type Scope } from '../core/call/index.js';
import { RunScope } from './run-scope.js';

/**
 * Drains: runs over many items take no more, waits that would not be over by the deadline end at once, and
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
  stopAll(root);
  closeRequests(root);
}

/** Aborts everything that runs. */
export function stopAll(root: RootScope): void {
  stopCalls(root, () => true);
  // An item may wait for something else than a call: for what `shouldProcess` answers.
  for (const scope of root.descendants())
    if (scope instanceof RunScope)
      scope.abort(withoutStack(() => new OperoShutdownError('a run over many items')));
}

/** From now on requests start no calls: an app could wait forever for one that continues after its calls have failed. */
export function closeRequests(root: RootScope): void {
  const reason = withoutStack(() => new OperoShutdownError('a request'));
  for (const scope of root.children()) if (!(scope instanceof Call)) scope.closed ??= { reason };
}

/** Ends the streams that requests have open: their clients keep the server from closing. */
export function endStreams(root: RootScope): void {
  const requests = root.children().filter((scope) => !(scope instanceof Call || scope instanceof Attempt));
  for (const scope of requests.flatMap((request) => request.descendants())) {
    if (scope instanceof Attempt && scope.held)
      scope.abort(withoutStack(() => new OperoShutdownError(scope.operation)));
  }
}

/** Aborts calls, wherever in a scope they are. */
export function stopCalls(scope: Scope, matches: (call: Call) => boolean): void {
  for (const child of scope.descendants()) {
    if (child instanceof Call && goesOn(child) && matches(child))
      child.abort(withoutStack(() => new OperoShutdownError(child.operation.name)));
  }
}

/** Where a limit has struck a fallback would still begin, and a strategy that ended what ran inside it would answer. */
const goesOn = ({ stopped }: Call): boolean => !stopped || Boolean(stopped.limit ?? stopped.ofRun);

const waitsBeyond = (call: Call, deadline: number): boolean =>
  call.waitsUntil > deadline || (call.current?.waitsUntil ?? 0) > deadline;
