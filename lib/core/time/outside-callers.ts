import { AsyncResource } from 'node:async_hooks';

/** Made while the package is loaded, outside of any call. */
const outside = new AsyncResource('OperoShared');

/**
 * Runs `work` outside of any caller's async context: a timer that serves many callers must not keep the stores of the
 * one that happened to start it.
 */
export function outsideCallers<R>(work: () => R): R {
  return outside.runInAsyncScope(work);
}
