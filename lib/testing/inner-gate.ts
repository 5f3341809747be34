import type { StrategyAttempt } from '../core/call/index.js';
import type { GateStrategy, StrategyDefinition } from '../core/strategy/index.js';
import { checks, RefusedError } from './internals.js';

class ClosedError extends RefusedError {
  readonly code = 'CONTRACT_CLOSED' as never;
}

/** A gate further in than all others. It rejects all attempts while it is closed. */
export class InnerGate implements GateStrategy<undefined> {
  readonly kind = 'gate';
  closed = false;

  enter(attempt: StrategyAttempt): undefined | ReturnType<StrategyAttempt['refuse']> {
    return this.closed ? attempt.refuse(new ClosedError('closed', 'Contract.method', 0)) : undefined;
  }

  leave(): void {}

  /** Its definition, after the strategy `after`. */
  definition(after: string): StrategyDefinition {
    return {
      name: 'contract gate',
      option: 'contractGate',
      kind: 'gate',
      after,
      allowed: 'true',
      schema: checks.fields({}),
      impliedBy: () => true,
      create: () => this,
    };
  }
}
