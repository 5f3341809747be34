import { types } from 'node:util';
import type { Call } from '../../core/call/index.js';
import { show } from '../../core/options/index.js';
import { decided } from '../../core/strategy/index.js';
import { isTtl, type ResolvedCache } from './cache.schema.js';

type Question = Pick<ResolvedCache, 'ttl' | 'unless'>;

const CONSEQUENCE = 'the result is not stored';

/** How long a result is to be stored, in ms; `undefined` for not at all. A function that fails keeps it out. */
export function storedFor(options: Question, call: Call, value: unknown): number | undefined {
  return mayStore(options, call, value) ? ttlOf(options, call, value) : undefined;
}

function mayStore({ unless }: Question, call: Call, value: unknown): boolean {
  try {
    return !unless || !call.within(() => decided(unless(value as never), 'cache.unless'));
  } catch (error) {
    call.monitor.callbackFailed('cache.unless', CONSEQUENCE, call, error);
    return false;
  }
}

function ttlOf({ ttl }: Question, call: Call, value: unknown): number | undefined {
  if (typeof ttl === 'number') return ttl;
  try {
    const { args } = call.invocation;
    const answer: unknown = call.within(() => ttl(value as never, ...(args as never[])));
    if (isTtl(answer)) return answer;
    if (types.isPromise(answer)) answer.catch(() => undefined);
    throw new TypeError(`it must return ms, greater than 0, or Infinity, and returned ${show(answer)}`);
  } catch (error) {
    call.monitor.callbackFailed('cache.ttl', CONSEQUENCE, call, error);
    return undefined;
  }
}
