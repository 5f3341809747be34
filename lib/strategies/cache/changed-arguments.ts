import { Attempt, type Call } from '../../core/call/index.js';

/** Whether the attempt of a load still waits for a permit. */
export const waitsForMethod = ({ current }: Call): boolean => current instanceof Attempt && !current.invoked;

/** Whether the method ran again, or beside a first attempt, when an argument may have changed. */
export const beganLater = ({ attempt, failures, current }: Call): boolean =>
  attempt > 1 || failures.length > 0 || (current instanceof Attempt && current.hedge > 0);

/** Whether the caller can change an argument while a load waits for its turn. */
export const mayChange = (args: readonly unknown[]): boolean =>
  args.some((argument) => typeof argument === 'object' && argument !== null);
