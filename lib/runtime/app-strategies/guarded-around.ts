import { isWithdrawn, Scope, type Call } from '../../core/call/index.js';
import { isThenable } from '../../core/pipeline/index.js';
import type { AroundStrategy, Runner } from '../../core/strategy/index.js';
import type { Callbacks } from './callbacks.js';
import { InnerRuns } from './inner-runs.js';

/** Ends the wait for a strategy with the call. A timeout further in does not: the strategy may answer for it. */
class AroundWait extends Scope {
  constructor(
    private readonly call: Call,
    private readonly inner: InnerRuns,
    private readonly aborted: (reason: unknown) => void,
  ) {
    super();
    call.adopt(this);
  }

  override get active(): boolean {
    return false;
  }

  protected override get endsWithOwner(): boolean {
    return true;
  }

  override interrupt(): void {
    const { stopped } = this.call;
    if (!stopped || stopped.limit || isWithdrawn(this.call)) return;
    // What a strategy further in has ended is not this one.
    if (!stopped.ofRun || this.inner.abandoned) this.aborted(stopped.reason);
  }
}

/** An around strategy of an app. It ends with the call, and what it runs inside ends with its answer. */
export class GuardedAround implements AroundStrategy {
  readonly kind = 'around';
  readonly answers: AroundStrategy['answers'];

  constructor(
    private readonly option: string,
    private readonly strategy: AroundStrategy,
    private readonly callbacks: Callbacks,
  ) {
    this.answers = strategy.answers;
  }

  around(call: Call, next: Runner): unknown {
    const inner = new InnerRuns(this.option, next, this.callbacks, call);
    let answer: unknown;
    try {
      answer = this.strategy.around(call, inner);
    } catch (error) {
      if (inner.running) return this.#answerLater(call, inner, Promise.reject(error));
      void inner.close(call);
      throw error;
    }
    if (inner.running || isThenable(answer)) return this.#answerLater(call, inner, answer);
    void inner.close(call);
    if (call.stopped) throw call.stopped.reason;
    return answer;
  }

  /** Answers when what the strategy left running has ended, so that it cannot meet a later run of the same call. */
  #answerLater(call: Call, inner: InnerRuns, answer: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const endWith = (settle: () => void): void => {
        wait.end();
        void inner.close(call).then(settle);
      };
      const wait = new AroundWait(call, inner, (reason) => endWith(() => reject(reason)));
      Promise.resolve(answer).then(
        // An abort may have come since.
        (value) => endWith(() => (call.stopped ? reject(call.stopped.reason) : resolve(value))),
        (error) => endWith(() => reject(error)),
      );
      // The strategy may have aborted the call before there was a wait to interrupt.
      if (call.stopped) wait.interrupt();
    });
  }
}
