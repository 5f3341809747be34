import { attemptsAround, isOutermost, NestedWait, type Attempt } from '../../core/index.js';
import { Slots } from './bulkhead.state.js';

/** A slot that one of the tries around a wait holds until the wait is over. */
interface HeldSlot {
  readonly holder: Attempt;
  readonly slots: Slots;
}

const NOTHING: readonly HeldSlot[] = [];

/**
 * The waits for slots of tries that others may wait for, to refuse one that would never end: where every slot
 * of a bulkhead is held by tries that wait, through whichever other bulkheads, for one of its slots.
 */
export class NestedWaits {
  readonly #wanted = new Set<Slots>();

  /** `attempt` begins to wait. Returns what to call when its wait is over. */
  begin(attempt: Attempt, wants: Slots): () => void {
    // Nobody holds anything while such a one waits.
    if (isOutermost(attempt.call)) return () => undefined;
    const wait = new NestedWait(attempt);
    wants.nested.append(wait);
    this.#wanted.add(wants);
    return () => {
      if (!wait.list) return;
      wants.nested.remove(wait);
      if (!wants.nested.first) this.#wanted.delete(wants);
    };
  }

  /** Whether the wait of `attempt` for one of `wants`, beside those that wait already, would never end. */
  wouldNeverEnd(attempt: Attempt, wants: Slots): boolean {
    const held = heldAround(attempt);
    // Most waits hold nothing that anybody nested waits for: they can close no circle.
    if (!held.some(({ slots }) => slots === wants || slots.nested.first)) return false;
    const stuck = new Set([...this.#wanted, wants]);
    for (let size = -1; size !== stuck.size;) {
      size = stuck.size;
      const holders = holdersOf(stuck);
      if (stuck.has(wants)) addHolders(holders, held);
      for (const [slots, attempts] of holders) if (attempts.size < slots.size) stuck.delete(slots);
    }
    return stuck.has(wants);
  }
}

/**
 * The slots of the attempts around one, and of those that wait for what it loads: whoever joins a load later does so with
 * the slots it holds.
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

/** For each of `stuck` the tries that hold one of its slots while they wait for one of `stuck`. */
function holdersOf(stuck: ReadonlySet<Slots>): Holders {
  const holders: Holders = new Map([...stuck].map((slots) => [slots, new Set<Attempt>()]));
  for (const slots of stuck)
    for (const { attempt } of slots.nested.all()) addHolders(holders, heldAround(attempt));
  return holders;
}

function addHolders(holders: Holders, held: readonly HeldSlot[]): void {
  for (const { holder, slots } of held) holders.get(slots)?.add(holder);
}
