import { budgetOf, defineStrategy, feedsBudget, retryabilityOf } from '../../core/strategy/index.js';
import { hedgeSchema, validateHedge, type HedgeOptions, type ResolvedHedge } from './hedge.options.js';
import { HedgeStrategy } from './hedge.strategy.js';
import { Latencies } from './latencies.js';

export type { HedgeOptions, HedgeQuantile } from './hedge.options.js';
export { Latencies } from './latencies.js';

declare module '../../core/declarations/index.js' {
  interface OperoStrategies {
    /**
     * Hedge: starts another attempt in parallel to a slow one; the first result is used. A number is the `delay` in ms.
     * Only for idempotent methods.
     * @default off
     */
    hedge: { options: number | HedgeOptions; events: 'retry-refusal' };
  }
}

/** Begins another attempt beside one that takes long; the first good answer wins. */
export const hedge = defineStrategy<'hedge', ResolvedHedge, HedgeStrategy>({
  name: 'hedge',
  option: 'hedge',
  kind: 'hedge',
  allowed: 'ms, true, false, or an object',
  shorthand: (raw) => (typeof raw === 'number' ? { delay: raw } : undefined),
  schema: hedgeSchema as never,
  events: ['retry-refusal'],
  // How long calls took is what it goes by, unless that is written.
  isStateful: ({ delay }) => typeof delay !== 'number',
  facts: ({ delay, idempotent, maxHedges }) => ({
    idempotent,
    hedges: maxHedges,
    ...(typeof delay === 'number' && { hedgeDelay: delay }),
  }),
  validate: validateHedge,
  create(options, context) {
    const paid = options.budget ? budgetOf(context, true, 0) : undefined;
    const payment = paid && {
      budget: paid.budget,
      cost: paid.costs.cost,
      feeds: feedsBudget(context, 'hedge'),
    };
    const { delay } = options;
    const latencies =
      typeof delay === 'object'
        ? context.own.once('latencies', () => new Latencies(delay.quantile, delay.minimumCalls))
        : undefined;
    return new HedgeStrategy(options, payment, retryabilityOf(context), context, latencies);
  },
});
