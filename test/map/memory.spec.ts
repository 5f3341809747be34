import { describe, expect, it } from '@jest/globals';
import { Harness } from '../support/harness.js';
import { nextTurn, runOver } from '../support/runs.js';

const ITEMS = 3_000;
const WINDOW = 64;

describe('the memory of a streamed run', () => {
  it.each([
    ['in order', true],
    ['as they come', false],
  ])(
    'holds no more than its window while its reader is slower than the workers, %s [hard 1.8]',
    async (_name, ordered) => {
      const collect = globalThis.gc;
      if (!collect) throw new Error('run with --expose-gc, as the npm scripts do');
      const values: WeakRef<object>[] = [];
      const items = (function* () {
        for (let item = 0; item < ITEMS; item++) yield item;
      })();
      const work = async (item: number) => {
        const value = { item, bytes: Buffer.alloc(2_000) };
        values.push(new WeakRef(value));
        return value;
      };
      let most = 0;
      let taken = 0;
      let waiting = 0;
      const options = { window: WINDOW, ordered, workers: 8 };
      for await (const { index } of runOver(new Harness(), items, work, options)) {
        taken = Math.max(taken, index + 1);
        await nextTurn();
        if (taken % 250 !== 0) continue;
        // The queue is never empty here: what was taken out of it must go nevertheless.
        waiting = Math.max(waiting, values.length - taken);
        await nextTurn();
        collect();
        most = Math.max(most, values.filter((value) => value.deref()).length);
      }
      expect(taken).toBe(ITEMS);
      expect(waiting).toBeGreaterThan(WINDOW / 2);
      expect(most).toBeLessThan(WINDOW + 16);
    },
  );
});
