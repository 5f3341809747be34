import { retryAfterOf } from '../../core/errors/index.js';
import { show } from '../../core/options/index.js';
import { defineStrategy, type CreateContext } from '../../core/strategy/index.js';
import {
  circuitBreakerSchema,
  type CircuitBreakerOptions,
  type OpenDuration,
  type ResolvedCircuitBreaker,
} from './circuit-breaker.options.js';
import { CircuitBreakerStrategy } from './circuit-breaker.strategy.js';
import type { CircuitStateName } from './circuit.js';
import { Circuits } from './circuits.js';

export { circuitBreakerSchema } from './circuit-breaker.options.js';
export type { CircuitBreakerOptions, CircuitWindow, OpenDuration } from './circuit-breaker.options.js';
export { CircuitBreakerStrategy } from './circuit-breaker.strategy.js';
export { Circuit, type CircuitSettings, type CircuitStateName, type Period } from './circuit.js';
export { Circuits, type CircuitSelection } from './circuits.js';

/** The circuit breaker's part of an operation's snapshot. */
export interface CircuitSnapshot {
  /** The state of its circuit; of several circuits that of the one which lets the least through. */
  readonly state: CircuitStateName;
  /** It rejects every attempt. */
  readonly rejecting?: boolean;
  /** It measures only and lets every call through. */
  readonly shadow?: true;
}

declare module '../../core/declarations/index.js' {
  interface OperoStrategies {
    /**
     * Circuit breaker: rejects attempts while the downstream fails too often. `true` for the defaults, or an object.
     * @default off
     */
    circuitBreaker: {
      options: CircuitBreakerOptions;
      events: (typeof stateEvents)[number] | 'circuit-refusal';
      errors: 'OPERO_CIRCUIT_OPEN';
      snapshot: CircuitSnapshot;
    };
  }
}

const stateEvents = ['circuit-open', 'circuit-half-open', 'circuit-closed', 'circuit-isolated'] as const;

/** Stops calls to something that fails. */
export const circuitBreaker = defineStrategy<
  'circuitBreaker',
  ResolvedCircuitBreaker,
  CircuitBreakerStrategy
>({
  name: 'circuit breaker',
  option: 'circuitBreaker',
  kind: 'gate',
  allowed: 'true, false, or an object',
  schema: circuitBreakerSchema,
  events: [...stateEvents, 'circuit-refusal'],
  operationHooks: { onStateChange: stateEvents },
  errors: { OPERO_CIRCUIT_OPEN: 503 },
  traits: ['state-per-alternative'],
  isStateful: () => true,
  // It would be asked about the stream, of which no value is known yet.
  validate({ failureOnResult }, { answers }) {
    if (answers !== 'observable' || !failureOnResult) return [];
    const message =
      'got a method that returns an Observable, allowed: a method that returns a promise or a value';
    return [{ path: 'failureOnResult', message }];
  },
  // Functions count by their source.
  named: ({ openDuration, ...options }) => ({
    '': {
      ...options,
      openDuration: typeof openDuration === 'function' ? String(openDuration) : openDuration,
    },
  }),
  snapshot(breaker) {
    const state = breaker.state();
    // A half-open circuit does not reject: the results of the permitted calls decide.
    const rejecting = !breaker.shadow && (state === 'open' || state === 'isolated');
    return { state, ...(rejecting && { rejecting }), ...(breaker.shadow && { shadow: true }) };
  },
  create(options, context) {
    const openFor = durationOf(options.openDuration, context);
    const make = () => {
      const latest = { openFor };
      const openForLatest = (openings: number, error: unknown) => latest.openFor(openings, error);
      return { circuits: new Circuits({ ...options, openFor: openForLatest }, options.maxKeys), latest };
    };
    const { circuits, latest } = options.name
      ? context.shared.once(`circuitBreaker ${options.name}`, make)
      : context.own.once('circuits', make);
    // Circuits that several share open for as long as the one says that opens them.
    const useOwn = typeof options.openDuration === 'function' ? () => (latest.openFor = openFor) : undefined;
    return new CircuitBreakerStrategy(options, circuits, context, useOwn);
  },
});

const DEFAULT_OPEN = 30_000;

/** A function of the user's that throws, or answers nonsense, must neither lose a call nor open a circuit for ever. */
function durationOf(openDuration: number | OpenDuration, { warn, clock }: CreateContext) {
  if (typeof openDuration === 'number') return () => openDuration;
  return (openings: number, error: unknown): number => {
    let answer: unknown;
    try {
      answer = openDuration({ openings, retryAfter: retryAfterOf(error, clock) });
      if (typeof answer === 'number' && answer > 0 && Number.isFinite(answer)) return answer;
    } catch (thrown) {
      answer = thrown;
    }
    warn(
      `opens for ${DEFAULT_OPEN} ms: circuitBreaker.openDuration: got ${show(answer)}, allowed: ms, greater than 0`,
    );
    return DEFAULT_OPEN;
  };
}
