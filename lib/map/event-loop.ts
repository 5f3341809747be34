/** How a run shares the event loop with the rest of the process. */
export interface EventLoop {
  /** Ms of real time, from an arbitrary start. */
  now(): number;
  /** Calls `step` once, after whatever else waits to run. */
  later(step: () => void): void;
}

// Taken when this file is loaded: timers that a test replaces later would stop every run that lets others go first.
const immediately = setImmediate;

/** The process's own event loop. */
export const systemEventLoop: EventLoop = {
  now: () => performance.now(),
  later: (step) => void immediately(step),
};

/** Ms that a run works before it lets everything else of the process go first. */
const LONGEST = 10;

/** The clock is read at the latest after so many steps: reading it for each would cost a few percent of a run. */
const MOST_STEPS = 16;

/** The stretch in which a run works without letting anything but promises go first. */
export class Turn {
  #begunAt: number | undefined;
  #readAt = 0;
  #stepsBetween = 1;
  #stepsLeft = 1;
  #spent = false;

  constructor(
    private readonly loop: EventLoop,
    /** Called when others have had their turn. */
    private readonly onOver: () => void,
  ) {}

  /** Work is done now; {@link Turn.onOver} will be called once after it. */
  begin(): void {
    if (this.#begunAt !== undefined) return;
    this.#begunAt = this.#readAt = this.loop.now();
    this.#stepsLeft = this.#stepsBetween;
    this.#spent = false;
    this.loop.later(() => {
      this.#begunAt = undefined;
      this.onOver();
    });
  }

  /** Counts a step, and tells whether others should go first now. */
  spent(): boolean {
    if (this.#begunAt === undefined) return false;
    if (this.#spent || --this.#stepsLeft > 0) return this.#spent;
    const now = this.loop.now();
    this.#stepsBetween = now - this.#readAt < 1 ? Math.min(MOST_STEPS, this.#stepsBetween * 2) : 1;
    this.#stepsLeft = this.#stepsBetween;
    this.#readAt = now;
    return (this.#spent = now - this.#begunAt > LONGEST);
  }
}
