import { defineStrategy } from '../../core/index.js';
import {
  circuitBreakerSchema,
  type CircuitBreakerOptions,
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
      const make = () => createCircuits(options);
      const circuits = options.name ? context.shared.once(`circuitBreaker ${options.name}`, make) : make();
      return new CircuitBreakerStrategy(options, circuits, context);
    },
  },
);
