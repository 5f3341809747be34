import { REFUSED, type Attempt } from '../../core/call/index.js';
import { isThenable } from '../../core/pipeline/index.js';
import type { GateStrategy } from '../../core/strategy/index.js';
import type { Clock } from '../../core/time/index.js';
import type { Callbacks } from './callbacks.js';

/** The token of an app's gate, and the attempt it belongs to. */
interface Admission {
  readonly attempt: Attempt;
  readonly token: unknown;
}

/**
 * A gate of an app. Its waits end with the attempt, whatever promise they are; a permit that comes after that is given
 * back. If `start` or `leave` fails, the call keeps its result and the other gates are left.
 */
export class GuardedGate implements GateStrategy<Admission> {
  readonly kind = 'gate';
  declare readonly start?: (admission: Admission, now: number) => void;

  constructor(
    private readonly option: string,
    private readonly gate: GateStrategy,
    private readonly callbacks: Callbacks,
    private readonly clock: Clock,
  ) {
    // The pipeline calls `start` only for gates that have one.
    if (gate.start) this.start = (admission, now) => this.#start(admission, now);
  }

  enter(attempt: Attempt, now: number): Admission | Promise<Admission | typeof REFUSED> | typeof REFUSED {
    const token: unknown = this.gate.enter(attempt, now);
    if (isThenable(token)) return this.#admitLater(attempt, token);
    return token === REFUSED ? this.#refused(attempt) : { attempt, token };
  }

  leave(attempt: Attempt, { token }: Admission, now: number, ok: boolean, outcome: unknown): void {
    this.callbacks.run('leave', 'the result stays as it is', attempt.call, () =>
      this.gate.leave(attempt, token, now, ok, outcome),
    );
  }

  #start({ attempt, token }: Admission, now: number): void {
    this.callbacks.run('start', 'the method runs all the same', attempt.call, () =>
      this.gate.start!(token, now),
    );
  }

  #refused({ refusal }: Attempt): typeof REFUSED {
    if (refusal !== undefined) return REFUSED;
    throw new Error(`the strategy ${this.option} rejected an attempt without attempt.refuse(error)`);
  }

  #admitLater(attempt: Attempt, promise: PromiseLike<unknown>): Promise<Admission | typeof REFUSED> {
    const { signal } = attempt;
    return new Promise((resolve, reject) => {
      const giveUp = (): void => reject(signal.reason);
      if (signal.aborted) giveUp();
      signal.addEventListener('abort', giveUp, { once: true });
      // A thenable may call back more than once; a promise does not.
      Promise.resolve(promise)
        .then((token) => {
          if (token === REFUSED) return resolve(this.#refused(attempt));
          const admission = { attempt, token };
          if (signal.aborted) this.leave(attempt, admission, this.clock.now(), false, signal.reason);
          else resolve(admission);
        })
        .catch(reject)
        // Only now: an abort between the permit and its use must be heard.
        .finally(() => signal.removeEventListener('abort', giveUp));
    });
  }
}
