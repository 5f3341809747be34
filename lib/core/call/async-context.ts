import { AsyncLocalStorage } from 'node:async_hooks';
import type { Scope } from './scope.js';

/** One storage for all apps in the process. */
const storage = new AsyncLocalStorage<Scope>();

/** Runs `work` in the async context of `scope`. */
export function runInside<A, R>(scope: Scope, work: (argument: A) => R, argument: A): R {
  return storage.run(scope, work, argument);
}

/** The innermost scope of this async context that has not ended. */
export function currentScope(): Scope | undefined {
  let scope = storage.getStore();
  while (scope?.ended) scope = scope.owner;
  return scope;
}

/** The innermost scope of this async context, ended or not. */
export const enclosingScope = (): Scope | undefined => storage.getStore();
