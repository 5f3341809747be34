import { expect } from '@jest/globals';
import { checks, defineStrategy, type OperoOptions, type StrategyDefinition } from 'nestjs-opero';
import type { Problem } from '../../lib/core/options/index.js';
import { strategiesWith } from '../../lib/runtime/index.js';
import { Harness, settle } from './harness.js';

type Any = any;

export const never = () => new Promise<never>(() => undefined);
export const mine = (more: OperoOptions = {}): OperoOptions => ({ ...more, mine: true }) as OperoOptions;

/** An around strategy of an app. */
export const define = (around: Any, more: Any = {}): StrategyDefinition<any, any, any> =>
  defineStrategy({
    name: 'mine',
    option: 'mine',
    kind: 'around',
    before: 'cache',
    allowed: 'true or false',
    schema: checks.fields({}),
    create: () => ({ kind: 'around', around }),
    ...more,
  } as never) as never;

/** A harness with strategies of an app. */
export function harnessWith(...definitions: StrategyDefinition<any, any, any>[]): Harness {
  const problems: Problem[] = [];
  const strategies = strategiesWith(definitions, problems);
  expect(problems).toEqual([]);
  return new Harness({ strategies });
}

/** Starts a call that can be aborted by `abort`. */
export function started(harness: Harness, method: Any, options: OperoOptions = mine()) {
  const caller = new AbortController();
  const operation = harness.operation(options);
  const invocation = { self: undefined, method, args: [] };
  const start = () =>
    settle(operation.start(invocation, harness.runtime.scope, caller.signal).result as Promise<unknown>);
  return { operation, abort: () => caller.abort(new Error('left')), start };
}
