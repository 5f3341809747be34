import fc from 'fast-check';
import type { CacheStore } from '../../lib/core/strategy/index.js';
import type { ManualClock } from './manual-clock.js';

const throwing = (...keys: string[]) => {
  const get = () => {
    throw new Error('a getter');
  };
  const own = Object.fromEntries(keys.map((key) => [key, { enumerable: true, get }]));
  return Object.defineProperties({ opero: 1 }, own);
};

const answers = {
  nothing: () => undefined,
  null: () => null,
  'what was stored': undefined,
  'an answer later': undefined,
  'no answer': () => new Promise(() => undefined),
  'a failure': () => Promise.reject(new Error('store')),
  'a failure without a reason': () => Promise.reject(undefined),
  'a throw': () => {
    throw new Error('store');
  },
  junk: () => ({ opero: 1, text: '[[[', expires: 1e15 }),
  'a number': () => 7,
  'an entry that cannot be looked at': () => throwing('opero'),
  'an entry whose times cannot be looked at': () => throwing('expires', 'stale', 'storedAt'),
  'an entry whose value cannot be looked at': () => throwing('value', 'text'),
  'a thenable that cannot be looked at': () => Object.defineProperty({}, 'then', { get: () => { throw new Error('then'); } }), // prettier-ignore
} satisfies Record<string, (() => unknown) | undefined>;

export type StoreAnswer = keyof typeof answers;

/** What a store answers, one after the other. */
export const storeAnswers: fc.Arbitrary<StoreAnswer[]> = fc.array(
  fc.constantFrom(...(Object.keys(answers) as StoreAnswer[])),
  { minLength: 1, maxLength: 5 },
);

/** A store that hangs, dies and lies. */
export function hostileStore(sequence: readonly StoreAnswer[], clock: ManualClock): CacheStore {
  const stored = new Map<string, unknown>();
  let count = 0;
  const answer = (regular: () => unknown): unknown => {
    const which = sequence[count++ % sequence.length]!;
    if (which === 'an answer later')
      return new Promise((resolve) => clock.schedule(300, () => resolve(regular())).unref());
    return (answers[which] ?? regular)();
  };
  return {
    get: (key) => answer(() => stored.get(key)),
    set: (key, value) => answer(() => void stored.set(key, value)),
    del: (key) => answer(() => void stored.delete(key)),
  };
}
