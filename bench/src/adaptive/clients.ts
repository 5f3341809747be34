import { Injectable } from '@nestjs/common';
import { currentCall, Opero } from '../../../dist/index.js';

/** Asks the upstream once. */
export type Ask = (signal: AbortSignal) => Promise<string>;

@Injectable()
export class Adaptive {
  /** The number that is best while the upstream is well. */
  @Opero({ bulkhead: { concurrency: 20, queue: 5 } })
  forWell(ask: Ask): Promise<string> {
    return ask(currentCall().signal);
  }

  /** The number that is best while it has a fifth of its capacity. */
  @Opero({ bulkhead: { concurrency: 4, queue: 5 } })
  forWeak(ask: Ask): Promise<string> {
    return ask(currentCall().signal);
  }

  @Opero({ bulkhead: { concurrency: 'adaptive', queue: 5 } })
  adaptive(ask: Ask): Promise<string> {
    return ask(currentCall().signal);
  }
}
