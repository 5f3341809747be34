import type { CreateContext, RecoverStrategy, Strategy } from '../../core/strategy/index.js';
import { Callbacks } from './callbacks.js';
import { GuardedAround } from './guarded-around.js';
import { GuardedGate } from './guarded-gate.js';
import { GuardedRepeat } from './guarded-repeat.js';

/** A strategy of an app, with what the pipeline relies on ensured. */
export function guardedStrategy(
  option: string,
  strategy: Strategy,
  { monitor, clock }: CreateContext,
): Strategy {
  const callbacks = new Callbacks(option, monitor);
  switch (strategy.kind) {
    case 'gate':
      return new GuardedGate(option, strategy, callbacks, clock);
    case 'repeat':
      return new GuardedRepeat(strategy, callbacks);
    case 'around':
      return new GuardedAround(option, strategy, callbacks);
    default:
      return guardedRecover(strategy as RecoverStrategy);
  }
}

/** The pipeline ends what `recover` waits for, and takes what it throws for the failure it passes on. */
const guardedRecover = (strategy: RecoverStrategy): RecoverStrategy => ({
  kind: 'recover',
  recover: (call, error) => strategy.recover(call, error),
});
