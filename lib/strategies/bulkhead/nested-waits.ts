import { LinkedList, type Listed } from '../../core/collections/index.js';
import { attemptsAround, type Attempt } from '../../core/call/index.js';
import { Slots } from './bulkhead.state.js';

/** A slot that one of the attempts around a wait holds until the wait is over. */
interface HeldSlot {
  readonly holder: Attempt;
  readonly slots: Slots;
}

const NOTHING: readonly HeldSlot[] = [];

/** The wait of an attempt for a slot. */
export class NestedWait implements Listed<NestedWait> {
  list: LinkedList<NestedWait> | undefined;
  next: NestedWait | undefined;
  previous: NestedWait | undefined;

  constructor(
    private readonly attempt: Attempt,
    readonly wants: Slots,
  ) {}

  /**
   * The slots of the attempts around it, and of those that wait for what it loads: whoever joins a load later does so
   * with the slots it holds.
   */
  get held(): readonly HeldSlot[] {
    const holders = attemptsAround(this.attempt.call);
    if (holders.length === 0) return NOTHING;
    const held: HeldSlot[] = [];
    for (const holder of holders)
      for (const slots of holder.tokens) if (slots instanceof Slots) held.push({ holder, slots });
    return held;
  }
}

/**
 * The waits for slots, to refuse one that would never end: where every slot
 * of a bulkhead is held by attempts that wait, through whichever other bulkheads, for one of its slots.
 */
export class NestedWaits {
  readonly #waits = new LinkedList<NestedWait>();
  readonly #wanted = new Map<Slots, number>();

  add(wait: NestedWait): void {
    this.#waits.append(wait);
    this.#wanted.set(wait.wants, (this.#wanted.get(wait.wants) ?? 0) + 1);
  }

  remove(wait: NestedWait): void {
    if (!wait.list) return;
    this.#waits.remove(wait);
    const left = this.#wanted.get(wait.wants)! - 1;
    if (left > 0) this.#wanted.set(wait.wants, left);
    else this.#wanted.delete(wait.wants);
  }

  /** Whether `wait`, beside those that wait already, would never end. */
  wouldNeverEnd(wait: NestedWait): boolean {
    // Most waits hold nothing that anybody nested waits for: they can close no circle.
    if (!wait.held.some(({ slots }) => slots === wait.wants || this.#wanted.has(slots))) return false;
    const stuck = new Set([...this.#wanted.keys(), wait.wants]);
    const waits = [...this.#waits.all(), wait];
    for (let size = -1; size !== stuck.size;) {
      size = stuck.size;
      for (const [slots, holders] of holdersOf(waits, stuck))
        if (holders.size < slots.size) stuck.delete(slots);
    }
    return stuck.has(wait.wants);
  }
}

/** For each of `stuck` the attempts that hold one of its slots while they wait for one of `stuck`. */
function holdersOf(waits: readonly NestedWait[], stuck: ReadonlySet<Slots>): Map<Slots, Set<Attempt>> {
  const holders = new Map([...stuck].map((slots) => [slots, new Set<Attempt>()]));
  for (const { wants, held } of waits) {
    if (!stuck.has(wants)) continue;
    for (const { holder, slots } of held) if (!holder.ended) holders.get(slots)?.add(holder);
  }
  return holders;
}
