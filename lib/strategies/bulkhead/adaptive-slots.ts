import { Slots, type SlotQueue } from './bulkhead.state.js';
import { GradientLimit, type LimitBounds } from './gradient-limit.state.js';

/** Slots whose number follows what the downstream can take. */
export class AdaptiveSlots extends Slots {
  readonly #gradient: GradientLimit;

  constructor(
    private readonly bounds: LimitBounds,
    now: number,
    queue?: SlotQueue,
  ) {
    super(bounds.initial, queue);
    this.#gradient = new GradientLimit(bounds, now);
  }

  /** Fewer slots than that may be too few for calls that wait for each other. */
  override get least(): number {
    return this.bounds.min;
  }

  /** How many slots are found to be good; during a probe there are fewer. */
  get estimate(): number {
    return this.#gradient.estimate;
  }

  /** The holder of a slot, which is still taken, had its answer after `latency` ms, or timed out. Whether the estimate changed. */
  sample(now: number, latency: number, dropped: boolean): boolean {
    const gradient = this.#gradient;
    const before = gradient.estimate;
    gradient.sample(now, latency, this.taken, dropped);
    if (gradient.limit !== this.size) this.resize(gradient.limit);
    return gradient.estimate !== before;
  }
}
