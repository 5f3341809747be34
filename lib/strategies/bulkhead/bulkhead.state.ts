import { Contended, WaitingLine } from '../../core/index.js';

/**
 * A number of slots and those who wait for one, first come, first served. A slot that is freed goes straight to the
 * first who waits: whoever comes in the same moment cannot take it.
 */
export class Slots extends Contended {
  readonly #line = new WaitingLine();
  #taken = 0;

  constructor(readonly size: number) {
    super();
  }

  get taken(): number {
    return this.#taken;
  }

  get waiting(): number {
    return this.#line.size;
  }

  get inUse(): boolean {
    return this.#taken > 0;
  }

  /** Takes a slot, if one is free. Nobody waits then, for a freed slot is never left lying. */
  tryTake(): boolean {
    if (this.#taken >= this.size) return false;
    this.#taken++;
    return true;
  }

  /** Gives a slot back, or on to the first who waits. */
  free(): void {
    if (!this.#line.admitFirst()) this.#taken--;
  }

  /** Queues up; `admit` is called with the slot already taken. Returns how to leave the queue. */
  wait(admit: () => void): () => void {
    return this.#line.join(admit);
  }
}
