import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import type { Scope } from './scope.js';

/** One storage for the whole library: what is running is found through it, whichever app it belongs to. */
const storage = new AsyncLocalStorage<Scope>();

/** Made while the package is loaded, outside of any call. */
const outside = new AsyncResource('OperoShared');

/** Runs `work` inside `scope`. */
export function runInside<A, R>(scope: Scope, work: (argument: A) => R, argument: A): R {
  return storage.run(scope, work, argument);
}

/**
 * Runs `work` outside of any caller's async context: a timer that serves many callers must not keep the stores of the
 * one that happened to start it.
 */
export function outsideCallers<R>(work: () => R): R {
  return outside.runInAsyncScope(work);
}

/** The innermost scope this code runs in that is not over. */
export function currentScope(): Scope | undefined {
  let scope = storage.getStore();
  while (scope?.ended) scope = scope.owner;
  return scope;
}

/** The innermost scope this code was begun in, over or not. */
export const enclosingScope = (): Scope | undefined => storage.getStore();
