import type { Call } from '../../core/call/index.js';
import { show } from '../../core/options/index.js';
import { isThenable } from '../../core/pipeline/index.js';
import type { RepeatDecision, RepeatStrategy } from '../../core/strategy/index.js';
import type { Callbacks } from './callbacks.js';

const ENDS: readonly unknown[] = ['none', 'last', 'aggregate'];
const ALLOWED = "a delay in ms, 'none', 'last' or 'aggregate'";

/** A repeat strategy of an app. It counts attempts for it; a decision that fails means that no attempt follows. */
export class GuardedRepeat implements RepeatStrategy {
  readonly kind = 'repeat';
  declare readonly afterSuccess?: (call: Call) => void;
  declare readonly rejects?: (call: Call, value: unknown) => boolean;

  constructor(
    private readonly repeat: RepeatStrategy,
    private readonly callbacks: Callbacks,
  ) {
    if (repeat.afterSuccess) this.afterSuccess = (call) => this.#afterSuccess(call);
    if (repeat.rejects) this.rejects = (call, value) => this.#rejects(call, value);
  }

  begin(call: Call): void {
    this.callbacks.run('begin', 'the attempt starts all the same', call, () => this.repeat.begin?.(call));
  }

  afterFailure(call: Call, error: unknown): RepeatDecision {
    const { attempt } = call;
    const decision = this.#decisionOf(call, error);
    if (typeof decision === 'number' && call.attempt === attempt) call.attempt++;
    return decision;
  }

  #decisionOf(call: Call, error: unknown): RepeatDecision {
    try {
      const answer: unknown = this.repeat.afterFailure(call, error);
      if (isThenable(answer)) answer.then(undefined, () => undefined);
      if (typeof answer === 'number' && answer >= 0 && answer < Infinity) return answer;
      if (ENDS.includes(answer)) return answer as RepeatDecision;
      throw new TypeError(`got ${show(answer)}, allowed: ${ALLOWED}`);
    } catch (thrown) {
      this.callbacks.report('afterFailure', 'no attempt follows', call, thrown);
      return 'none';
    }
  }

  #afterSuccess(call: Call): void {
    this.callbacks.run('afterSuccess', 'the result stays as it is', call, () =>
      this.repeat.afterSuccess!(call),
    );
  }

  #rejects(call: Call, value: unknown): boolean {
    try {
      const answer: unknown = this.repeat.rejects!(call, value);
      if (typeof answer === 'boolean') return answer;
      if (isThenable(answer)) answer.then(undefined, () => undefined);
      throw new TypeError(`got ${show(answer)}, allowed: true or false`);
    } catch (thrown) {
      this.callbacks.report('rejects', 'the result is accepted', call, thrown);
      return false;
    }
  }
}
