import { LinkedList } from '../../core/collections/index.js';
import type { Attempt } from '../../core/call/index.js';
import type { StrategyMonitor } from '../../core/events/index.js';
import { StateKeys } from '../../core/strategy/index.js';
import type { Priority, PriorityFunction } from './bulkhead.options.js';
import type { SlotQueue, SlotWaiter } from './bulkhead.state.js';

/** The highest first. */
const WORDS: readonly Priority[] = ['critical', 'normal', 'sheddable'];

const RANKS: ReadonlyMap<unknown, number> = new Map(WORDS.map((word, rank) => [word, rank]));
const NORMAL = WORDS.indexOf('normal');
const ALLOWED = {
  is: (answer: unknown) => RANKS.has(answer),
  words: WORDS.map((word) => `'${word}'`).join(', '),
};

/** The priorities of calls, as numbers: 0 is critical. */
export class Priorities {
  readonly #answers: StateKeys;

  constructor(make: PriorityFunction, monitor: StrategyMonitor) {
    this.#answers = new StateKeys('bulkhead.priority', make, monitor, ALLOWED);
  }

  /** A function that fails must not fail calls: what it says is only about which of them is first. */
  rankOf(attempt: Attempt): number {
    return RANKS.get(this.#answers.find(attempt, "the call counts as 'normal'")) ?? NORMAL;
  }
}

/** Waiters by priority: those of a lower rank first, and of one rank in the order of arrival. */
export class PriorityQueue implements SlotQueue {
  readonly #lines = WORDS.map(() => new LinkedList<SlotWaiter>());
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get first(): SlotWaiter | undefined {
    return this.#lines.find((line) => line.first)?.first;
  }

  append(waiter: SlotWaiter): void {
    this.#lines[waiter.rank]!.append(waiter);
    this.#size++;
  }

  remove(waiter: SlotWaiter): void {
    waiter.list!.remove(waiter);
    this.#size--;
  }

  /** Who gives way to a waiter of `rank`: of those that matter least, if they matter less, who came last. */
  below(rank: number): SlotWaiter | undefined {
    return this.#lines.findLast((line, own) => own > rank && line.last)?.last;
  }
}
