/** When attempts may start below a limit. A permit is held first, and counts as a start from the moment it is used. */
export interface StartTimes {
  /** Permits that were given and not used yet. */
  readonly held: number;
  /** Whether one more may start; if so a permit is held for it. */
  tryTake(now: number): boolean;
  /** The holder of a permit starts. */
  start(now: number): void;
  /** The holder of a permit will never start. */
  giveBack(): void;
  /** The start at `startedAt`, in all likelihood the latest, never was. */
  takeBack(startedAt: number): void;
  /** The earliest moment at which the waiter behind `ahead` others can start, if all who hold a permit start now. */
  earliestStart(ahead: number, now: number): number;
  /** How many more may start now. */
  remainingAt(now: number): number;
  /** When more may start than now, because the oldest start no longer counts. */
  nextReset(now: number): number;
  /** Whether every start is so long ago that forgetting this state changes nothing. */
  isIdle(now: number): boolean;
}
