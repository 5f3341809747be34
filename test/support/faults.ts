import fc from 'fast-check';
import type { ManualClock } from './manual-clock.js';

/** An error that throws whatever is asked of it. */
export function hostileError(): object {
  const keys = ['name', 'code', 'status', 'statusCode', 'response', 'headers', 'cause', 'message', 'getError', 'getStatus']; // prettier-ignore
  const get = () => {
    throw new Error('a getter');
  };
  return Object.defineProperties({}, Object.fromEntries(keys.map((key) => [key, { enumerable: true, get }])));
}

/** What a method under test can reach. */
export interface Surroundings {
  readonly clock: ManualClock;
  /** Aborts the call that the method runs for. */
  readonly abort: () => void;
  /** Calls the other operation, and through it perhaps this one again. */
  readonly nested: () => Promise<unknown>;
  /** Calls an operation that never answers. */
  readonly unending: () => Promise<unknown>;
  /** Does not wait for a call. */
  readonly leave: (call: Promise<unknown>) => void;
}

const later = ({ clock }: Surroundings, settle: () => void) => clock.schedule(700, settle).unref();

/** Everything a method can do wrong, and a few things it does right. */
const behaviours = {
  answers: () => Promise.resolve('value'),
  'answers at once': () => 'value',
  'answers with nothing': () => Promise.resolve(undefined),
  throws: () => {
    throw new Error('thrown');
  },
  'throws what cannot be looked at': () => {
    throw hostileError();
  },
  rejects: () => Promise.reject(new Error('rejected')),
  'rejects with undefined': () => Promise.reject(undefined),
  'rejects with null': () => Promise.reject(null),
  'rejects with a string': () => Promise.reject('text'),
  'rejects with what cannot be looked at': () => Promise.reject(hostileError()),
  'rejects late': (around: Surroundings) =>
    new Promise((_, reject) => later(around, () => reject(new Error('late')))),
  'answers late': (around: Surroundings) => new Promise((resolve) => later(around, () => resolve('late'))),
  'settles twice': () => ({
    then: (resolve: (value: unknown) => void, reject: (error: unknown) => void) => (
      resolve(1),
      reject(2),
      resolve(3)
    ),
  }),
  'is a thenable without catch': () => ({ then: (resolve: (value: unknown) => void) => resolve('thenable') }),
  'is a thenable that cannot be looked at': () =>
    Object.defineProperty({}, 'then', {
      get: () => {
        throw new Error('then');
      },
    }),
  'aborts and goes on': (around: Surroundings) => {
    around.abort();
    return new Promise((resolve) => later(around, () => resolve('late')));
  },
  'aborts and never settles': ({ abort }: Surroundings) => (abort(), new Promise(() => undefined)),
  'aborts and throws': ({ abort }: Surroundings) => {
    abort();
    throw new Error('thrown');
  },
  'aborts and answers': ({ abort }: Surroundings) => (abort(), 'value'),
  'calls another': ({ nested }: Surroundings) => nested(),
  'calls another at once with itself': ({ nested }: Surroundings) => Promise.allSettled([nested(), nested()]),
  'does not wait for another': ({ nested, leave }: Surroundings) => {
    leave(nested());
    return Promise.resolve('left');
  },
  'does not wait for one that never answers': ({ unending, leave }: Surroundings) => {
    leave(unending());
    return Promise.resolve('left');
  },
  'calls another and aborts': ({ nested, abort }: Surroundings) => {
    const running = nested();
    abort();
    return running;
  },
  'never settles': () => new Promise(() => undefined),
} satisfies Record<string, (around: Surroundings) => unknown>;

/** One way to behave, by name. */
export type Fault = keyof typeof behaviours;

/** What calls others is chosen more often: loads that need each other take several of them at once. */
const all = (Object.keys(behaviours) as Fault[]).flatMap((fault) =>
  fault.startsWith('calls another') ? Array<Fault>(4).fill(fault) : [fault],
);

/** Whoever shares a load that never settles waits for it, also when the one that began it has gone. */
const needsLimit = (fault: Fault): boolean => fault.endsWith('never settles');

/** Faults in the order of attempts. A method that never settles needs a limit on its attempts. */
export const faultSequence = (limited: boolean): fc.Arbitrary<Fault[]> =>
  fc.array(fc.constantFrom(...all.filter((fault) => limited || !needsLimit(fault))), {
    minLength: 1,
    maxLength: 4,
  });

/** Does what a fault says. */
export const misbehave = (fault: Fault, around: Surroundings): unknown => behaviours[fault](around);
