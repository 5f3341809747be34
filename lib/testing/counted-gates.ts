import assert from 'node:assert/strict';
import type { StrategyAttempt } from '../core/call/index.js';
import type { GateStrategy, Strategy, StrategyDefinition } from '../core/strategy/index.js';
import { REFUSED } from './internals.js';

/** How often one attempt entered and left a gate, and whether it was rejected. */
interface Passage {
  entered: number;
  left: number;
  rejected: boolean;
}

/** Counts the attempts that enter and leave the gates of definitions. */
export class CountedGates {
  readonly #passages = new Map<GateStrategy, Map<StrategyAttempt, Passage>>();

  /** Returns the definition with counted gates. */
  counting(definition: StrategyDefinition): StrategyDefinition {
    const originals = new WeakMap<Strategy, Strategy>();
    return {
      ...definition,
      create: (resolved, context) => {
        const strategy = definition.create(resolved, context);
        if (strategy?.kind !== 'gate') return strategy;
        const counted = this.#counted(strategy);
        originals.set(counted, strategy);
        return counted;
      },
      snapshot: definition.snapshot && ((made) => definition.snapshot!(originals.get(made) ?? made)),
    };
  }

  /** Asserts that every admitted attempt has left once, and that no rejected attempt ran or left. */
  validate(): void {
    for (const passages of this.#passages.values()) {
      for (const [attempt, { entered, left, rejected }] of passages) {
        assert.equal(left, entered, `an attempt entered a gate ${entered} times and left it ${left} times`);
        if (rejected) assert.equal(attempt.invoked, false, 'an attempt that a gate rejected ran the method');
      }
    }
  }

  #counted(gate: GateStrategy): GateStrategy {
    const passages = new Map<StrategyAttempt, Passage>();
    this.#passages.set(gate, passages);
    const of = (attempt: StrategyAttempt): Passage => {
      let passage = passages.get(attempt);
      if (!passage) passages.set(attempt, (passage = { entered: 0, left: 0, rejected: false }));
      return passage;
    };
    return {
      kind: 'gate',
      enter(attempt, now) {
        const passage = of(attempt);
        const token = gate.enter(attempt, now);
        if (token === REFUSED) passage.rejected = true;
        else if (token instanceof Promise)
          token.then((given) => {
            if (given === REFUSED) passage.rejected = true;
            else passage.entered++;
          }, () => undefined); // prettier-ignore
        else passage.entered++;
        return token;
      },
      ...(gate.start && { start: (token: unknown, now: number) => gate.start!(token, now) }),
      leave(attempt, token, now, ok, outcome) {
        of(attempt).left++;
        gate.leave(attempt, token, now, ok, outcome);
      },
    };
  }
}
