import { Contended } from '../../core/call/index.js';
import { LinkedList, type Listed } from '../../core/collections/index.js';

/** Who waits for a slot. */
export interface SlotWaiter extends Listed<SlotWaiter> {
  /** It has been given a slot, and is out of the queue. */
  admit(): void;
}

/**
 * A number of slots and those who wait for one, first come, first served. A slot that is freed goes straight to the
 * first who waits: an attempt that arrives at the same moment cannot take it.
 */
export class Slots extends Contended {
  readonly #queue = new LinkedList<SlotWaiter>();
  #size: number;
  #taken = 0;

  constructor(size: number) {
    super();
    this.#size = size;
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

  leave(waiter: SlotWaiter): void {
    if (waiter.list === this.#queue) this.#queue.remove(waiter);
  }
}
