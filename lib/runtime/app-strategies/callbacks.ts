import type { EventSource, StrategyMonitor } from '../../core/events/index.js';
import { isThenable } from '../../core/pipeline/index.js';

/** Runs callbacks of an app's strategy. If one fails, it is reported, and the call continues without its result. */
export class Callbacks {
  constructor(
    private readonly option: string,
    private readonly monitor: StrategyMonitor,
  ) {}

  /** Runs a callback that has no result; `consequence` says how the call continues if it fails. */
  run(name: string, consequence: string, source: EventSource, work: () => unknown): void {
    try {
      const answer = work();
      if (isThenable(answer))
        answer.then(undefined, (error) => this.report(name, consequence, source, error));
    } catch (error) {
      this.report(name, consequence, source, error);
    }
  }

  report(name: string, consequence: string, source: EventSource, error: unknown): void {
    this.monitor.callbackFailed(`${name}() of the strategy ${this.option}`, consequence, source, error);
  }
}
