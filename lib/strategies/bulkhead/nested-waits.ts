import { attemptsAround, isOutermost, NestedWait, type Attempt } from '../../core/call/index.js';
import { Slots } from './bulkhead.state.js';

/** A slot that one of the attempts around a wait holds until the wait is over. */
interface HeldSlot {
  readonly holder: Attempt;
  readonly slots: Slots;
}

const NOTHING: readonly HeldSlot[] = [];

/**
 * The waits for slots of attempts that others may wait for, to refuse one that would never end: where every slot
 * of a bulkhead is held by attempts that wait, through whichever other bulkheads, for one of its slots.
 */
export class NestedWaits {
  readonly #wanted = new Set<Slots>();

  /** `attempt` begins to wait for one of `wanted`. The wait, if others may wait for it. */
  begin(attempt: Attempt, wanted: Slots): NestedWait | undefined {
    // Nobody holds anything while such a one waits.
    if (isOutermost(attempt.call)) return undefined;
    const wait = new NestedWait(attempt);
    wanted.nested.append(wait);
    this.#wanted.add(wanted);
    return wait;
  }

  /** The wait is over, whatever it came to. */
  end(wait: NestedWait, wanted: Slots): void {
    if (!wait.list) return;
    wanted.nested.remove(wait);
    if (!wanted.nested.first) this.#wanted.delete(wanted);
  }

  /** Whether the wait of `attempt` for one of `wanted`, beside those that wait already, would never end. */
  wouldNeverEnd(attempt: Attempt, wanted: Slots): boolean {
    const held = heldAround(attempt);
    // Most attempts hold no slot that a nested call waits for: they cannot be part of a deadlock.
    if (!held.some(({ slots }) => slots === wanted || slots.nested.first)) return false;
    const stuck = new Set([...this.#wanted, wanted]);
    for (let size = -1; size !== stuck.size;) {
      size = stuck.size;
      const holders = holdersOf(stuck);
      if (stuck.has(wanted)) addHolders(holders, held);
      for (const [slots, attempts] of holders) if (attempts.size < slots.least) stuck.delete(slots);
    }
    return stuck.has(wanted);
  }
}

/**
 * The slots of the attempts around one, and of those that wait for what it loads: a call that joins a load later
 * holds its slots meanwhile.
 */
function heldAround(attempt: Attempt): readonly HeldSlot[] {
  const holders = attemptsAround(attempt.call);
  if (holders.length === 0) return NOTHING;
  const held: HeldSlot[] = [];
  for (const holder of holders)
    for (const slots of holder.tokens) if (slots instanceof Slots) held.push({ holder, slots });
  return held;
}

type Holders = Map<Slots, Set<Attempt>>;

/** For each of `stuck` the attempts that hold one of its slots while they wait for one of `stuck`. */
function holdersOf(stuck: ReadonlySet<Slots>): Holders {
  const holders: Holders = new Map([...stuck].map((slots) => [slots, new Set<Attempt>()]));
  for (const slots of stuck)
    for (const { attempt } of slots.nested.all()) addHolders(holders, heldAround(attempt));
  return holders;
}

function addHolders(holders: Holders, held: readonly HeldSlot[]): void {
  for (const { holder, slots } of held) holders.get(slots)?.add(holder);
}
