import { expect, describe, it } from '@jest/globals';
import { KeyedStates } from '../../lib/core/collections/index.js';

interface State {
  readonly key: string;
  used: boolean;
}

const keyed = (bound = 100) =>
  new KeyedStates<State>({
    make: (key) => ({ key, used: false }),
    inUse: ({ used }) => used,
    bound,
    idle: 1_000,
  });

const keys = (states: KeyedStates<State>) =>
  states
    .entries()
    .map(([key]) => String(key))
    .sort((a, b) => (a < b ? -1 : 1));

describe('states of keys', () => {
  it('are bounded, the least recently used going first [peers 22]', () => {
    const states = keyed(3);
    for (const key of ['a', 'b', 'c', 'a', 'd']) states.get(key, 0);
    expect(keys(states)).toEqual(['a', 'c', 'd']);
    for (let key = 0; key < 100_000; key++) states.get(String(key), 0);
    expect(states.size).toBe(3);
    expect(keys(states)).toEqual(['99997', '99998', '99999']);
  });

  it('go by themselves when they were not used for long', () => {
    const states = keyed();
    for (let key = 0; key < 10; key++) states.get(String(key), 0);
    states.get('0', 500);
    states.get('new', 1_000);
    expect(keys(states)).toEqual(['0', 'new']);
  });

  it('stay while they are in use, and go when they are not and were not used for long', () => {
    const states = keyed(50);
    const used = states.get('used', 0);
    used.used = true;
    states.get('other', 0);
    states.get('new', 5_000);
    expect(keys(states)).toEqual(['new', 'used']);
    used.used = false;
    states.get('newer', 5_500);
    expect(keys(states)).toEqual(['new', 'newer']);
  });

  it('are never forgotten while in use: keys for which there is no room share one state [hard 4.6]', () => {
    const states = keyed(50);
    const first = Array.from({ length: 50 }, (_, key) => states.get(`first ${key}`, 0));
    for (const state of first) state.used = true;
    const overflow = states.get('0', 0);
    for (let key = 0; key < 10_000; key++) expect(states.get(String(key), 0)).toBe(overflow);
    expect(states.size).toBe(51);
    for (const [key, state] of first.entries()) expect(states.get(`first ${key}`, 0)).toBe(state);
  });

  it('find room again as soon as one is no longer in use, wherever it stands [hard 4.6]', () => {
    for (let free = 0; free < 300; free += 7) {
      const states = keyed(300);
      const made = Array.from({ length: 300 }, (_, key) => states.get(`key ${key}`, 0));
      for (const [key, state] of made.entries()) state.used = key !== free;
      const state = states.get('new', 0);
      expect(state.key).toBe('new');
      state.used = true;
      expect(states.get('another', 0)).not.toBe(state);
      expect(states.size).toBe(301);
    }
  });

  it('find it within a few keys where all were in use before [hard 4.6]', () => {
    const states = keyed(160);
    const made = Array.from({ length: 160 }, (_, key) => states.get(`key ${key}`, 0));
    for (const state of made) state.used = true;
    const overflow = states.get('no room', 0);
    made[77]!.used = false;
    let asked = 0;
    while (states.get(`new ${asked}`, 0) === overflow) asked++;
    expect(asked).toBeLessThanOrEqual(10);
  });

  it('are made beyond the bound where somebody insists', () => {
    const states = keyed(2);
    for (const key of ['a', 'b']) states.get(key, 0).used = true;
    const own = states.insist('own', 0);
    expect(own.key).toBe('own');
    expect(states.insist('own', 0)).toBe(own);
    expect(states.get('own', 0)).toBe(own);
    expect(states.insist('', 0)).toBe(states.get('', 0));
  });

  it('can be looked through while each of them is used [hard 4.7]', () => {
    const states = keyed();
    for (const key of ['a', 'b', 'c']) states.get(key, 0);
    const seen: unknown[] = [];
    for (const [key] of states.entries()) {
      seen.push(key);
      states.get(key!, 1);
    }
    expect(seen).toEqual(['a', 'b', 'c']);
  });

  it('without a key is one, and never goes', () => {
    const states = keyed(1);
    const only = states.get('', 0);
    for (let key = 1; key < 100; key++) states.get(String(key), 1e9);
    expect(states.get('', 2e9)).toBe(only);
    states.forget(() => true);
    expect(states.size).toBe(0);
  });

  it.each([false, true])(
    'cost as much for a new key with 100 000 kept as with 100, in use: %s [hard 4.6]',
    (used) => {
      const looks = (bound: number): number => {
        let looked = 0;
        const states = new KeyedStates<{ readonly used: boolean }>({
          make: () => ({ used }),
          inUse: (state) => (looked++, state.used),
          bound,
        });
        for (let key = 0; key < bound; key++) states.get(`old ${key}`, 0);
        states.get('first beyond', 0);
        looked = 0;
        for (let key = 0; key < 1_000; key++) states.get(String(key), 0);
        return looked;
      };
      expect(looks(100_000)).toBe(looks(100));
    },
  );
});
