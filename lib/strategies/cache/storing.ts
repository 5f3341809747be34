import { types } from 'node:util';
import { show } from '../../core/options/index.js';
import { decided } from '../../core/strategy/index.js';
import type { Call } from '../../core/call/index.js';
import { isTtl, type ResolvedCache } from './cache.schema.js';
import { NO_TAGS } from './envelope.js';

type Question = Pick<ResolvedCache, 'ttl' | 'unless' | 'tags'>;

/** How a result is to be stored. */
export interface Storing {
  /** In ms. */
  readonly ttl: number;
  /** The ids of its tags. */
  readonly tags: readonly string[];
}

/** Returns the ids of tags, in the context of a call. */
type IdsOf = (tags: readonly string[]) => readonly string[];

/** How many tags a result may have: each may have to be read. */
const MOST_TAGS = 100;

/** How a result is to be stored; `undefined` for not at all. A function that fails keeps it out. */
export function storingOf(options: Question, idsOf: IdsOf, call: Call, value: unknown): Storing | undefined {
  if (!mayStore(options, call, value)) return undefined;
  const ttl = ttlOf(options, call, value);
  const tags = ttl === undefined ? undefined : tagsOf(options, idsOf, call, value);
  return ttl !== undefined && tags ? { ttl, tags } : undefined;
}

function mayStore({ unless }: Question, call: Call, value: unknown): boolean {
  if (!unless) return true;
  const isLeftOut = asked('unless', call, () => decided(unless(value as never), 'cache.unless'));
  return isLeftOut === false;
}

function ttlOf({ ttl }: Question, call: Call, value: unknown): number | undefined {
  if (typeof ttl === 'number') return ttl;
  return asked('ttl', call, () => {
    const answer: unknown = ttl(value as never, ...(call.invocation.args as never[]));
    if (isTtl(answer)) return answer;
    throw wrong(answer, 'ms, greater than 0, or Infinity');
  });
}

function tagsOf({ tags }: Question, idsOf: IdsOf, call: Call, value: unknown): readonly string[] | undefined {
  if (!tags) return NO_TAGS;
  return asked('tags', call, () => {
    const answer: unknown = tags(value as never, ...(call.invocation.args as never[]));
    if (!areTags(answer) || answer.length > MOST_TAGS)
      throw wrong(answer, `a list of at most ${MOST_TAGS} strings that are not empty`);
    return idsOf(answer);
  });
}

/** Whether a value is a list of tags. */
export const areTags = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((tag) => typeof tag === 'string' && tag !== '');

/** The answer of a function in the options; `undefined` if it failed, which is reported. */
function asked<T>(option: string, call: Call, ask: () => T): T | undefined {
  try {
    return call.within(ask);
  } catch (error) {
    call.monitor.callbackFailed(`cache.${option}`, 'the result is not stored', call, error);
    return undefined;
  }
}

function wrong(answer: unknown, allowed: string): TypeError {
  if (types.isPromise(answer)) answer.catch(() => undefined);
  return new TypeError(`it must return ${allowed}, and returned ${show(answer)}`);
}
