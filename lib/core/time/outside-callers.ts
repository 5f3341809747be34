import { AsyncResource } from 'node:async_hooks';

/** Created when the package is loaded, outside of any call. */
const outside = new AsyncResource('OperoShared');

/**
 * Runs `work` outside of any caller's async context. A timer shared by many callers must not keep the context of the
 * caller that started it.
 */
export function outsideCallers<R>(work: () => R): R {
  return outside.runInAsyncScope(work);
}
