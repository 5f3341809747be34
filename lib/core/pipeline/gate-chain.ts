import type { Attempt } from '../call/attempt.js';
import { REFUSED } from '../call/outcomes.js';
import type { GateStrategy } from '../strategy/strategy.js';

/** The gates in front of the method. Gates that do not have to wait are entered synchronously. */
export class GateChain {
  /** The gates that are notified when the method starts. */
  readonly #starting: readonly number[];

  constructor(private readonly gates: readonly GateStrategy[]) {
    this.#starting = [...gates.keys()].filter((index) => gates[index]!.start);
  }

  /** Enters the remaining gates. Returns the promise of a gate that has to wait, or `REFUSED` if one rejects. */
  enter(attempt: Attempt, now: number): Promise<unknown> | typeof REFUSED | undefined {
    const { gates } = this;
    for (let index = attempt.tokens.length; index < gates.length; index++) {
      const token = gates[index]!.enter(attempt, now);
      if (token === REFUSED || token instanceof Promise) return token as Promise<unknown> | typeof REFUSED;
      attempt.tokens.push(token);
    }
    return undefined;
  }

  start(attempt: Attempt, now: number): void {
    for (const index of this.#starting) this.gates[index]!.start!(attempt.tokens[index], now);
  }

  /** Leaves all entered gates, even if one throws: no permit may be lost. */
  leave(attempt: Attempt, now: number, ok: boolean, outcome: unknown): { error: unknown } | undefined {
    const { tokens } = attempt;
    let thrown: { error: unknown } | undefined;
    for (let index = tokens.length - 1; index >= 0; index--) {
      try {
        this.gates[index]!.leave(attempt, tokens[index], now, ok, outcome);
      } catch (error) {
        thrown = { error };
      }
    }
    return thrown;
  }
}
