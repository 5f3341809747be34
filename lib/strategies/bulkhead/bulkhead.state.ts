import { Contended } from '../../core/call/index.js';
import { LinkedList, type Listed } from '../../core/collections/index.js';

/** Who waits for a slot. */
export interface SlotWaiter extends Listed<SlotWaiter> {
  /** Its priority, 0 for the highest. */
  readonly rank: number;
  /** It has been given a slot, and is out of the queue. */
  admit(): void;
  /** Its place in the queue went to a waiter of a higher priority. */
  displace(): void;
}

/** Those who wait for a slot, in the order in which they get one. */
export interface SlotQueue {
  readonly size: number;
  readonly first: SlotWaiter | undefined;
  append(waiter: SlotWaiter): void;
  remove(waiter: SlotWaiter): void;
  /** Who gives way to a waiter of `rank`; nobody, where all have the same. */
  below?(rank: number): SlotWaiter | undefined;
}

/**
 * A number of slots and those who wait for one, first come, first served unless the queue has another order. A slot that
 * is freed goes straight to the first who waits: an attempt that arrives at the same moment cannot take it.
 */
export class Slots extends Contended {
  readonly #queue: SlotQueue;
  #size: number;
  #taken = 0;

  constructor(size: number, queue: SlotQueue = new LinkedList<SlotWaiter>()) {
    super();
    this.#size = size;
    this.#queue = queue;
  }

  get size(): number {
    return this.#size;
  }

  /** How many slots there are always, whatever becomes of the size. */
  get least(): number {
    return this.#size;
  }

  get taken(): number {
    return this.#taken;
  }

  get waiting(): number {
    return this.#queue.size;
  }

  get inUse(): boolean {
    return this.#taken > 0;
  }

  /** Takes a slot if one is free. Then the queue is empty, because a freed slot goes to the first in the queue. */
  tryTake(): boolean {
    if (this.#taken >= this.#size) return false;
    this.#taken++;
    return true;
  }

  /** Gives a slot back, or on to the first who waits. */
  free(): void {
    const first = this.#queue.first;
    // More may be taken than there are, if there were more.
    if (!first || this.#taken > this.#size) {
      this.#taken--;
      return;
    }
    this.#queue.remove(first);
    first.admit();
  }

  /** From now on there are `size` slots. Who holds one keeps it; new ones go to the first who wait. */
  protected resize(size: number): void {
    this.#size = size;
    for (let { first } = this.#queue; first && this.#taken < size; { first } = this.#queue) {
      this.#taken++;
      this.#queue.remove(first);
      first.admit();
    }
  }

  /** Queues up; `admit` is called with the slot already taken. */
  join(waiter: SlotWaiter): void {
    this.#queue.append(waiter);
  }

  /** Who gives way to a waiter of `rank` while the queue is full. */
  below(rank: number): SlotWaiter | undefined {
    return this.#queue.below?.(rank);
  }

  leave(waiter: SlotWaiter): void {
    if (waiter.list) this.#queue.remove(waiter);
  }
}
