import { Scope, type Call } from '../../core/call/index.js';
import { isThenable } from '../../core/pipeline/index.js';
import type { AroundStrategy, Runner } from '../../core/strategy/index.js';

/** Ends the wait for a promise with the call. A timeout further in does not: the strategy may answer for it. */
class AroundWait extends Scope {
  constructor(
    private readonly call: Call,
    private readonly reject: (reason: unknown) => void,
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

  override interrupt(reason: unknown): void {
    if (!this.call.stopped?.limit) this.reject(reason);
  }
}

/** An around strategy of an app, whose promise ends with the call, and which runs what is inside it once at a time. */
export class GuardedAround implements AroundStrategy {
  readonly kind = 'around';
  readonly answers: AroundStrategy['answers'];

  constructor(
    private readonly option: string,
    private readonly strategy: AroundStrategy,
  ) {
    this.answers = strategy.answers;
  }

  around(call: Call, next: Runner): unknown {
    const answer = this.strategy.around(call, this.#oneAtATime(next));
    if (!isThenable(answer)) return answer;
    return new Promise((resolve, reject) => {
      const wait = new AroundWait(call, reject);
      answer.then(resolve, reject);
      answer.then(
        () => wait.end(),
        () => wait.end(),
      );
    });
  }

  #oneAtATime(next: Runner): Runner {
    let running = false;
    const ended = (): void => {
      running = false;
    };
    return {
      run: (call) => {
        if (running)
          throw new Error(
            `the strategy ${this.option} called next.run() while it ran, allowed: one after the other`,
          );
        running = true;
        let result: unknown;
        try {
          result = next.run(call);
        } finally {
          if (!isThenable(result)) ended();
        }
        if (isThenable(result)) result.then(ended, ended);
        return result;
      },
    };
  }
}
