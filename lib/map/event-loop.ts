/** Access to the event loop, replaceable in tests. */
export interface EventLoop {
  /** Real time in ms from an arbitrary start. */
  now(): number;
  /** Calls `step` once in a later turn of the event loop. */
  later(step: () => void): void;
}

// Captured when this file is loaded: fake timers installed by a test later must not stop a run.
const immediately = setImmediate;

/** The event loop of the process. */
export const systemEventLoop: EventLoop = {
  now: () => performance.now(),
  later: (step) => void immediately(step),
};

/** How long a run works before it yields to the event loop, in ms. */
const LONGEST = 10;

/** The clock is read after this many steps: reading it for each would cost a few percent of a run. */
const MOST_STEPS = 16;

/** The time in which a run works without yielding to the event loop. */
export class Turn {
  #begunAt: number | undefined;
  #readAt = 0;
  #stepsBetween = 1;
  #stepsLeft = 1;
  #spent = false;

  constructor(
    private readonly loop: EventLoop,
    /** Called after the event loop has turned. */
    private readonly onOver: () => void,
  ) {}

  /** Work starts in this turn: {@link Turn.onOver} will be called once after it. */
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

  /** Counts a step; true if the run should yield now. */
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
