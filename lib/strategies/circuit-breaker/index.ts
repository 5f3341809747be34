import { defineStrategy, show, type CreateContext } from '../../core/index.js';
import {
  circuitBreakerSchema,
  type CircuitBreakerOptions,
  type OpenDuration,
  type ResolvedCircuitBreaker,
} from './circuit-breaker.options.js';
import { CircuitBreakerStrategy, createCircuits } from './circuit-breaker.strategy.js';

export { circuitBreakerSchema } from './circuit-breaker.options.js';
export type { CircuitBreakerOptions, CircuitWindow, OpenDuration } from './circuit-breaker.options.js';
export { CircuitBreakerStrategy } from './circuit-breaker.strategy.js';
export { Circuit, REFUSED, type CircuitStateName } from './circuit.js';

/** Stops calls to something that fails. */
export const circuitBreaker = defineStrategy<'circuitBreaker', CircuitBreakerOptions, ResolvedCircuitBreaker>(
  {
    name: 'circuit breaker',
    option: 'circuitBreaker',
    allowed: 'true, false, or an object',
    shorthand: () => undefined,
    schema: circuitBreakerSchema,
    create(options, context) {
      const openDuration = sound(options.openDuration, context);
      const make = () => createCircuits({ ...options, openDuration });
      const circuits = options.name ? context.shared.once(`circuitBreaker ${options.name}`, make) : make();
      return new CircuitBreakerStrategy(options, circuits, context);
    },
  },
);

const DEFAULT_OPEN = 30_000;

/** A function of the user's that throws, or answers nonsense, must neither lose a call nor open a circuit for ever. */
function sound(openDuration: number | OpenDuration, { warn }: CreateContext): number | OpenDuration {
  if (typeof openDuration === 'number') return openDuration;
  return (opening) => {
    let answer: unknown;
    try {
      answer = openDuration(opening);
      if (typeof answer === 'number' && answer > 0 && Number.isFinite(answer)) return answer;
    } catch (error) {
      answer = error;
    }
    warn(
      `opens for ${DEFAULT_OPEN} ms: circuitBreaker.openDuration: got ${show(answer)}, allowed: ms, greater than 0`,
    );
    return DEFAULT_OPEN;
  };
}
