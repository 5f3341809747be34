import type { Problem } from '../../core/options/index.js';
import { defineStrategy, type CreateContext } from '../../core/strategy/index.js';
import { AdaptiveBulkheadStrategy } from './adaptive-bulkhead.js';
import { AdaptiveSlots } from './adaptive-slots.js';
import { boundsOf, bulkheadSchema, type BulkheadOptions, type ResolvedBulkhead } from './bulkhead.options.js';
import { Slots } from './bulkhead.state.js';
import {
  BulkheadStrategy,
  createSlots,
  type BulkheadSnapshot,
  type KeyedSlots,
} from './bulkhead.strategy.js';
import { NestedWaits } from './nested-waits.js';
import { PriorityQueue } from './priorities.js';

export type { AdaptiveBounds, BulkheadOptions, Priority, PriorityFunction } from './bulkhead.options.js';
export type { BulkheadSnapshot } from './bulkhead.strategy.js';
export { Slots } from './bulkhead.state.js';
export { GradientLimit, type LimitBounds } from './gradient-limit.state.js';

declare module '../../core/declarations/index.js' {
  interface OperoStrategies {
    /**
     * Bulkhead: limits how many attempts run concurrently. A number is the `concurrency`.
     * @default off
     */
    bulkhead: {
      options: number | BulkheadOptions;
      events: 'bulkhead-wait' | 'bulkhead-refusal' | 'bulkhead-limit';
      errors: 'OPERO_BULKHEAD_FULL';
      snapshot: BulkheadSnapshot;
    };
  }
}

/** Finds what does not go together with the waits that are asked for. */
function validateWaits({ queue, maxWait, priority }: ResolvedBulkhead, answers: string): Problem[] {
  if (answers === 'direct' && queue > 0)
    return [
      { path: 'queue', message: `got ${queue}, allowed: 0 on a synchronous method, which cannot wait` },
    ];
  if (queue > 0) return [];
  return Object.entries({ maxWait, priority })
    .filter(([, value]) => value !== undefined)
    .map(([path]) => ({ path, message: 'got no queue beside it, allowed: only together with queue' }));
}

/** Finds bounds that nothing could be within. */
function validateBounds({ concurrency, adaptive }: ResolvedBulkhead): Problem[] {
  if (!adaptive) return [];
  if (concurrency !== 'adaptive')
    return [
      {
        path: 'adaptive',
        message: `got concurrency ${concurrency} beside it, allowed: only with concurrency 'adaptive'`,
      },
    ];
  const { initial, min, max } = boundsOf(adaptive);
  if (min > max) return [{ path: 'adaptive.min', message: `got ${min}, allowed: at most max, ${max}` }];
  if (initial >= min && initial <= max) return [];
  return [{ path: 'adaptive.initial', message: `got ${initial}, allowed: from min, ${min}, to max, ${max}` }];
}

/** The slots of this operation, or of all that use the name. */
function slotsOf<S extends Slots>(
  { name, maxKeys }: ResolvedBulkhead,
  { shared, own }: CreateContext,
  make: () => S,
): KeyedSlots<S> {
  const create = () => createSlots(make, maxKeys);
  return name ? shared.once(`bulkhead ${name}`, create) : own.once('slots', create);
}

/** Bounds how many attempts run at a time. */
export const bulkhead = defineStrategy<
  'bulkhead',
  ResolvedBulkhead,
  BulkheadStrategy | AdaptiveBulkheadStrategy
>({
  name: 'bulkhead',
  option: 'bulkhead',
  kind: 'gate',
  allowed: 'a number of attempts at a time, false, or an object with a concurrency',
  shorthand: (raw) => (typeof raw === 'number' ? { concurrency: raw } : undefined),
  schema: bulkheadSchema,
  events: ['bulkhead-wait', 'bulkhead-refusal', 'bulkhead-limit'],
  errors: { OPERO_BULKHEAD_FULL: 503 },
  isStateful: () => true,
  facts: ({ queue, maxWait = Infinity }) => ({ wait: queue > 0 ? maxWait : 0 }),
  validate: (options, { answers }) => [...validateWaits(options, answers), ...validateBounds(options)],
  // One queue is in one order.
  named: ({ priority, ...options }) => ({ '': priority ? { ...options, priority: 'a function' } : options }),
  snapshot: (strategy) => ({ ...strategy.snapshot() }),
  create(options, context) {
    // One of another operation may be what a call waits for.
    const waits = context.shared.once('bulkhead waits', () => new NestedWaits());
    const { concurrency, adaptive = {}, priority } = options;
    const queue = () => (priority ? new PriorityQueue() : undefined);
    if (concurrency !== 'adaptive') {
      const slots = slotsOf(options, context, () => new Slots(concurrency, queue()));
      return new BulkheadStrategy(options, slots, waits, context);
    }
    const bounds = boundsOf(adaptive);
    const slots = slotsOf(options, context, () => new AdaptiveSlots(bounds, context.clock.now(), queue()));
    return new AdaptiveBulkheadStrategy(options, slots, waits, context);
  },
});
