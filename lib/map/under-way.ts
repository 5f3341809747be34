import type { ItemTask } from './engine-options.js';

/** An item that was pulled and is not over. */
export interface Item<I> {
  readonly index: number;
  readonly item: I;
  /** Whether `shouldProcess` has not decided about it yet. */
  undecided: boolean;
  task: ItemTask | undefined;
  /** Its position among those under way; -1 while it is not. */
  place: number;
}

/**
 * The items that are pulled and not over. A `Set` that is added to and deleted from makes a table anew every few
 * deletions, and each old table refers to the next: once the garbage collector takes one for long-lived, it keeps all
 * that follow, and every item of a long run with them.
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

  /** Takes `item` out; false when it was not in it. */
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

  /** All of them, in the order of the source: a copy, since an item that is over takes itself out. */
  all(): Item<I>[] {
    return this.#items.toSorted((a, b) => a.index - b.index);
  }
}
