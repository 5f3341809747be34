import type { ItemTask } from './engine-options.js';

/** An item that was pulled and has no result yet. */
export interface Item<I> {
  readonly index: number;
  readonly item: I;
  /** Whether `shouldProcess` has not answered yet. */
  undecided: boolean;
  task: ItemTask | undefined;
  /** Its index in the list of items in progress; -1 if not in it. */
  place: number;
}

/**
 * The items in progress. A `Set` would rebuild its table every few deletions, and each old table references the next:
 * once the garbage collector promotes one, it retains all that follow, and every item of a long run with them.
 */
export class UnderWay<I> {
  readonly #items: Item<I>[] = [];

  get size(): number {
    return this.#items.length;
  }

  has(item: Item<I>): boolean {
    return item.place >= 0;
  }

  add(item: Item<I>): void {
    item.place = this.#items.push(item) - 1;
  }

  /** Removes `item`; false if it was not in the list. */
  remove(item: Item<I>): boolean {
    const { place } = item;
    if (place < 0) return false;
    const last = this.#items.pop()!;
    if (last !== item) {
      this.#items[place] = last;
      last.place = place;
    }
    item.place = -1;
    return true;
  }

  /** A copy in the order of the source. */
  all(): Item<I>[] {
    return this.#items.toSorted((a, b) => a.index - b.index);
  }
}
