import type { Attempt } from '../../core/call/index.js';
import type { Slots } from './bulkhead.state.js';
import { SlotWait, type WaitRegister } from './slot-wait.js';

/**
 * The waits for slots, to reject one that would never end: where every slot of a bulkhead is held by attempts that wait,
 * through whichever other bulkheads, for one of its slots.
 */
export class NestedWaits implements WaitRegister {
  /** The bulkheads that somebody waits for. */
  readonly #wanted = new Set<Slots>();

  /** Somebody waits for one of `slots`. */
  joined(slots: Slots): void {
    this.#wanted.add(slots);
  }

  /** One who waited for one of `slots` waits no more. */
  left(slots: Slots): void {
    if (slots.waiting === 0) this.#wanted.delete(slots);
  }

  /** Whether `wait`, beside those that wait already, would never end. */
  wouldNeverEnd(wait: SlotWait): boolean {
    // Most waits hold nothing that anybody nested waits for: they can close no circle.
    if (!wait.held.some(({ slots }) => slots === wait.wanted || this.#wanted.has(slots))) return false;
    const stuck = new Set([...this.#wanted, wait.wanted]);
    const waits = [...this.#waits(), wait];
    for (let size = -1; size !== stuck.size;) {
      size = stuck.size;
      for (const [slots, holders] of holdersOf(waits, stuck))
        if (holders.size < slots.size) stuck.delete(slots);
    }
    return stuck.has(wait.wanted);
  }

  #waits(): SlotWait[] {
    const waits: SlotWait[] = [];
    for (const slots of this.#wanted)
      for (const waiter of slots.waiters()) if (waiter instanceof SlotWait) waits.push(waiter);
    return waits;
  }
}

/** For each of `stuck` the attempts that hold one of its slots while they wait for one of `stuck`. */
function holdersOf(waits: readonly SlotWait[], stuck: ReadonlySet<Slots>): Map<Slots, Set<Attempt>> {
  const holders = new Map([...stuck].map((slots) => [slots, new Set<Attempt>()]));
  for (const { wanted, held } of waits) {
    if (!stuck.has(wanted)) continue;
    for (const { holder, slots } of held) if (!holder.ended) holders.get(slots)?.add(holder);
  }
  return holders;
}
