import type { Call } from '../call/call.js';
import { isMarkedPermanent } from '../errors/permanent.js';
import type { RepeatDecision, RepeatStrategy } from '../strategy/strategy.js';

/** The strategies that may ask for another attempt, outermost first. */
export class RepeatChain {
  readonly #pleased: readonly RepeatStrategy[];

  constructor(private readonly strategies: readonly RepeatStrategy[]) {
    this.#pleased = strategies.filter(({ afterSuccess }) => afterSuccess);
  }

  /** Prepares the first attempt. */
  begin(call: Call): void {
    for (const strategy of this.strategies) strategy.begin?.(call);
  }

  /** Whether a result counts as a failed attempt. */
  reject(call: Call, value: unknown): boolean {
    for (let index = this.strategies.length - 1; index >= 0; index--) {
      if (this.strategies[index]!.rejects?.(call, value)) return true;
    }
    return false;
  }

  succeeded(call: Call): void {
    for (const strategy of this.#pleased) strategy.afterSuccess!(call);
  }

  /** Asks the strategies from the innermost outwards. If one continues, those inside it start over. */
  judge(call: Call, error: unknown): RepeatDecision {
    if (isMarkedPermanent(error)) return 'none';
    const { strategies } = this;
    let decision: RepeatDecision = 'none';
    for (let index = strategies.length - 1; index >= 0; index--) {
      const answer = strategies[index]!.afterFailure(call, error);
      if (typeof answer === 'number') {
        for (const inner of strategies.slice(index + 1)) inner.begin?.(call);
        return answer;
      }
      if (answer !== 'none') decision = answer;
    }
    return decision;
  }
}
