import { AsyncLocalStorage } from 'node:async_hooks';
import type { Scope } from './scope.js';

/** One storage for the whole library: what is running is found through it, whichever app it belongs to. */
const storage = new AsyncLocalStorage<Scope>();

/** Runs `work` inside `scope`. */
export function runInside<A, R>(scope: Scope, work: (argument: A) => R, argument: A): R {
  return storage.run(scope, work, argument);
}

/** The innermost scope this code runs in that is not over. */
export function currentScope(): Scope | undefined {
  let scope = storage.getStore();
  while (scope?.ended) scope = scope.owner;
  return scope;
}

/** The innermost scope this code was begun in, over or not. */
export const enclosingScope = (): Scope | undefined => storage.getStore();
