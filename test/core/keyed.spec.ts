import { expect, describe, it } from '@jest/globals';
import { KeyedStates } from '../../lib/core/index.js';

interface State {
  readonly key: string;
  used: boolean;
  busy: boolean;
}

const keyed = (bound = 100) =>
  new KeyedStates<State>({
    make: (key) => ({ key, used: false, busy: false }),
    inUse: ({ used, busy }) => used || busy,
    busy: ({ busy }) => busy,
    bound,
    idle: 1_000,
  });

const keys = (states: KeyedStates<State>) => [...states.entries()].map(([key]) => key);

describe('states of keys', () => {
  it('are bounded, the least recently used going first [peers 22]', () => {
    const states = keyed(3);
    for (const key of ['a', 'b', 'c', 'a', 'd']) states.get(key, 0);
    expect(keys(states)).toEqual(['c', 'a', 'd']);
    for (let key = 0; key < 100_000; key++) states.get(String(key), 0);
    expect(states.size).toBe(3);
  });

  it('go by themselves when they were not used for long', () => {
    const states = keyed();
    for (let key = 0; key < 10; key++) states.get(String(key), 0);
    states.get('0', 500);
    states.get('new', 1_000);
    expect(keys(states)).toEqual(['0', 'new']);
  });

  it('stay while they are in use, but not beyond the bound, however many are', () => {
    const states = keyed(50);
    states.get('used', 0).used = true;
    states.get('other', 0);
    states.get('new', 5_000);
    expect(keys(states)).toEqual(['used', 'new']);
    for (let key = 0; key < 10_000; key++) states.get(String(key), 0).used = true;
    expect(states.size).toBe(50);
  });

  it('are never taken from whoever holds on to them', () => {
    const states = keyed(20);
    for (let key = 0; key < 30; key++) states.get(`busy ${key}`, 0).busy = true;
    for (let key = 0; key < 1_000; key++) states.get(String(key), 0).used = true;
    expect(keys(states).filter((key) => key.startsWith('busy'))).toHaveLength(30);
  });

  it('without a key is one, and never goes', () => {
    const states = keyed(1);
    const only = states.get('', 0);
    for (let key = 1; key < 100; key++) states.get(String(key), 1e9);
    expect(states.get('', 2e9)).toBe(only);
    states.forget(() => true);
    expect(states.size).toBe(0);
  });
});
