import type { CallOperation } from '../call/call.js';
import type { Clock } from '../time/clock.js';
import type { Deadlines } from '../time/deadlines.js';
import { OperoEvents } from '../events/events.js';
import { Monitor } from '../events/monitor.js';
import { Pipeline } from './pipeline.js';
import { RootScope } from '../call/root-scope.js';

/**
 * A call that never ends, for whoever keeps it. When V8 collects garbage it forgets the shapes of objects none of which
 * is alive, and throws the machine code made for them away: between two calls that would be all of ours, and the next
 * thousands of calls would be several times slower. One live object of each shape prevents that.
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
