import type { CallOperation } from '../call/invocation.js';
import type { Clock } from '../time/clock.js';
import type { Deadlines } from '../time/deadlines.js';
import { OperoEvents } from '../events/events.js';
import { Monitor } from '../events/monitor.js';
import { Pipeline } from './pipeline.js';
import { RootScope } from '../call/root-scope.js';

/**
 * Creates a call that never ends, to be kept alive. V8 discards hidden classes without a live object during garbage
 * collection, and the optimised code that depends on them. Between two calls that would be all hidden classes of this
 * library, and the next thousands of calls would be several times slower. One live object per hidden class prevents
 * that.
 */
export function unendingCall(clock: Clock, events = new OperoEvents()): object {
  const deadlines = { arm: () => undefined, disarm: () => undefined } as unknown as Deadlines;
  const monitor = new Monitor('', clock, new OperoEvents(events.types), {});
  const operation: CallOperation = { name: '', clock, deadlines, monitor };
  const expired = () => new Error('never told');
  const pipeline = new Pipeline([
    { kind: 'total-timeout', duration: 1, expired },
    { kind: 'attempt-timeout', duration: 1, expired },
  ]);
  const scope = new RootScope();
  const method = () => new Promise(() => undefined);
  const result = pipeline.run(
    operation,
    { self: undefined, method, args: [], identity: undefined },
    scope,
    'promise',
  );
  const refused = {
    attempt: 1,
    hedge: 0,
    alternative: '',
    delay: 0,
    duration: 0,
    error: undefined,
    retryAfter: 0,
  };
  return { scope, result, refused };
}
