import { seededRandom } from '../../lib/core/time/index.js';
import type { Target } from '../../lib/core/strategy/index.js';
import { isThenable } from '../../lib/core/pipeline/index.js';
import {
  OperoRuntime,
  type Operation,
  type OperoOptions,
  type RuntimeSettings,
} from '../../lib/runtime/index.js';
import { ManualClock } from './manual-clock.js';

type Method = (...args: any[]) => unknown;

export const anyTarget: Target = {
  answers: 'promise',
  prototype: undefined,
  parameters: 1,
  fallbackArguments: new Map(),
  parameterNames: [],
  handler: false,
};

/** A runtime without Nest, on a clock that stands still. */
export class Harness {
  readonly clock = new ManualClock();
  readonly warnings: string[] = [];
  readonly runtime: OperoRuntime;
  #names = 0;

  constructor(settings: RuntimeSettings = {}) {
    this.runtime = new OperoRuntime({
      clock: this.clock,
      random: seededRandom(1),
      // Stacks that are put into words cost a test more than all the rest.
      callSites: false,
      warn: (message) => this.warnings.push(message),
      ...settings,
    });
  }

  operation(options: OperoOptions, target: Partial<Target> = {}): Operation {
    const layer = { from: 'test', options };
    return this.runtime.defineOrThrow({
      name: `Test.method${++this.#names}`,
      layers: [layer],
      own: [layer],
      target: { ...anyTarget, ...target },
    });
  }

  /** The function with the options around it. */
  wrap<F extends Method>(options: OperoOptions, method: F, target: Partial<Target> = {}): F {
    const operation = this.operation(options, target);
    const kind = target.answers === 'direct' || target.answers === 'unknown' ? 'direct' : 'promise';
    const { runtime } = this;
    return function (this: unknown, ...args: never[]) {
      return operation.run({ self: this, method: method as never, args }, runtime.scope, kind);
    } as F;
  }

  /** Lets time go by until the promise has settled, and gives its outcome. */
  async outcome<T>(promise: T | Promise<T>): Promise<Outcome<T>> {
    const settled = settle(promise);
    let over: Outcome<T> | undefined;
    void settled.then((outcome) => (over = outcome));
    await this.clock.settle();
    for (let steps = 0; !over && steps < 10_000; steps++) {
      if (!(await this.clock.step())) break;
    }
    if (!over) throw new Error('the promise did not settle, however much time went by');
    return over;
  }
}

export type Outcome<T> =
  { ok: true; value: T; error?: undefined } | { ok: false; error: any; value?: undefined };

/** The outcome of a promise as a value. */
export function settle<T>(promise: T | Promise<T>): Promise<Outcome<T>> {
  if (!isThenable(promise)) return Promise.resolve({ ok: true, value: promise as T });
  return (promise as Promise<T>).then(
    (value) => ({ ok: true as const, value }),
    (error: unknown) => ({ ok: false as const, error }),
  );
}

/** A function that fails in order with each error, then answers. */
export function failing<T>(
  errors: readonly unknown[],
  value: T,
): { method: () => Promise<T>; calls: () => number } {
  let calls = 0;
  return {
    method: async () => {
      const index = calls++;
      if (index < errors.length) throw errors[index];
      return value;
    },
    calls: () => calls,
  };
}

/** A promise to settle by hand. */
export function deferred<T = void>() {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

/** An error that stands for an HTTP answer. */
export const httpError = (status: number, headers: Record<string, string> = {}) =>
  Object.assign(new Error(`status ${status}`), { response: { status, headers } });
