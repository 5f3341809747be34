import type { Attempt } from '../../core/call/index.js';
import type { AdaptiveSlots } from './adaptive-slots.js';
import { BulkheadStrategy, type BulkheadSnapshot } from './bulkhead.strategy.js';

/** A bulkhead whose concurrency follows how long the downstream takes. */
export class AdaptiveBulkheadStrategy extends BulkheadStrategy<AdaptiveSlots> {
  override leave(attempt: Attempt, slots: AdaptiveSlots, now: number, ok: boolean): void {
    const changed = isSample(attempt, ok) && slots.sample(now, now - attempt.startedAt, !ok);
    super.leave(attempt, slots, now, ok);
    // After the slot is given on: a listener may begin calls.
    if (changed) this.context.monitor.emit('bulkhead-limit', attempt.call, { limit: slots.estimate });
  }

  override snapshot(): BulkheadSnapshot {
    const limits = this.keyed.entries().map(([, { estimate }]) => estimate);
    return { ...super.snapshot(), ...(limits.length > 0 && { limit: Math.min(...limits) }) };
  }
}

/**
 * Whether the time an attempt took says something about the downstream: it had its answer, or reached a time limit. One
 * that was cancelled may have taken any time, and errors are often quick.
 */
const isSample = ({ invoked, givenUp, stopped }: Attempt, ok: boolean): boolean =>
  invoked && !givenUp && (ok || stopped !== undefined);
