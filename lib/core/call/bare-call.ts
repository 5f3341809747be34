import { randomUUID } from 'node:crypto';
import { currentScope, enclosingScope, runInside } from './async-context.js';
import type { OperoCall } from './opero-call.js';
import { Scope } from './scope.js';

/** What a decorated method finds that runs without its strategies: one attempt that nothing limits or aborts. */
export class BareCall extends Scope implements OperoCall {
  readonly attempt = 1;
  readonly hedge = 0;
  readonly alternative = '';
  #signal: AbortSignal | undefined;
  #id: string | undefined;

  constructor(readonly operation: string) {
    super();
    // What is begun in it belongs to whatever it runs in.
    this.ended = true;
    this.owner = currentScope();
    const outer = enclosingScope();
    // Not the whole way back: a method that goes on in calls of its own would keep all of them.
    if (outer instanceof BareCall) this.#id = outer.correlationId;
  }

  get signal(): AbortSignal {
    return (this.#signal ??= new AbortController().signal);
  }

  protected override get ownsCorrelationId(): boolean {
    return true;
  }

  protected override get ownCorrelationId(): string {
    return (this.#id ??= randomUUID());
  }
}

/** Runs a decorated method without its strategies, so that `currentCall()` works in it all the same. */
export function runBare<R>(operation: string, work: () => R): R {
  return runInside(new BareCall(operation), work, undefined);
}
