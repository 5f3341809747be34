import { defineStrategy } from '../../core/strategy/index.js';
import { bulkheadSchema, type BulkheadOptions, type ResolvedBulkhead } from './bulkhead.options.js';
import { BulkheadStrategy, createSlots } from './bulkhead.strategy.js';
import { NestedWaits } from './nested-waits.js';

export type { BulkheadOptions } from './bulkhead.options.js';
export { Slots } from './bulkhead.state.js';

declare module '../../core/declarations/index.js' {
  interface OperoStrategies {
    /**
     * Bulkhead: limits how many attempts run concurrently. A number is the `concurrency`.
     * @default off
     */
    bulkhead: {
      options: number | BulkheadOptions;
      events: 'bulkhead-wait' | 'bulkhead-refusal';
      errors: 'OPERO_BULKHEAD_FULL';
    };
  }
}

/** Bounds how many attempts run at a time. */
export const bulkhead = defineStrategy<'bulkhead', ResolvedBulkhead, BulkheadStrategy>({
  name: 'bulkhead',
  option: 'bulkhead',
  kind: 'gate',
  allowed: 'a number of attempts at a time, false, or an object with a concurrency',
  shorthand: (raw) => (typeof raw === 'number' ? { concurrency: raw } : undefined),
  schema: bulkheadSchema,
  events: ['bulkhead-wait', 'bulkhead-refusal'],
  errors: { OPERO_BULKHEAD_FULL: 503 },
  isStateful: () => true,
  facts: ({ queue, maxWait = Infinity }) => ({ wait: queue > 0 ? maxWait : 0 }),
  validate({ queue, maxWait }, { answers }) {
    if (answers === 'direct' && queue > 0) {
      return [
        { path: 'queue', message: `got ${queue}, allowed: 0 on a synchronous method, which cannot wait` },
      ];
    }
    if (maxWait === undefined || queue > 0) return [];
    return [{ path: 'maxWait', message: 'got no queue beside it, allowed: only together with queue' }];
  },
  create(options, context) {
    const make = () => createSlots(options);
    const slots = options.name
      ? context.shared.once(`bulkhead ${options.name}`, make)
      : context.own.once('slots', make);
    // One of another operation may be what a call waits for.
    const waits = context.shared.once('bulkhead waits', () => new NestedWaits());
    return new BulkheadStrategy(options, slots, waits, context);
  },
});
