import { randomUUID } from 'node:crypto';
import { currentScope, enclosingScope, runInside } from './async-context.js';
import type { OperoCall } from './opero-call.js';
import { Scope } from './scope.js';

/**
 * The call of a decorated method that runs without its strategies: one attempt without limits that is never aborted.
 */
export class BareCall extends Scope implements OperoCall {
  readonly attempt = 1;
  readonly hedge = 0;
  readonly alternative = '';
  #signal: AbortSignal | undefined;
  #id: string | undefined;

  constructor(readonly operation: string) {
    super();
    // Calls made inside belong to the surrounding scope.
    this.ended = true;
    this.owner = currentScope();
    const outer = enclosingScope();
    // Only one level up: a method that keeps calling itself would otherwise retain all its calls.
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

/** Runs a decorated method without its strategies, so that `currentCall()` works in it. */
export function runBare<R>(operation: string, work: () => R): R {
  return runInside(new BareCall(operation), work, undefined);
}
