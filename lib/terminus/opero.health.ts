import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { OperoConfigurationError, OperoService } from '../index.js';
import { linesOf, unknownName } from '../core/options/index.js';
import { checkHealthOptions } from './health.options.js';
import { judge, type HealthJudgement, type OperoHealthOptions } from './operation-health.js';

/**
 * Reports the health of the operations to a Terminus health check. Provide it in the module of the health controller,
 * which imports `TerminusModule`.
 *
 * @example
 * @Controller('health')
 * class HealthController {
 *   constructor(private readonly health: HealthCheckService, private readonly opero: OperoHealthIndicator) {}
 *
 *   @Get('ready') @HealthCheck()
 *   ready() {
 *     return this.health.check([() => this.opero.check('operations', { critical: ['Payments.charge'] })]);
 *   }
 * }
 */
@Injectable()
export class OperoHealthIndicator {
  constructor(
    private readonly opero: OperoService,
    private readonly indicators: HealthIndicatorService,
  ) {}

  /**
   * Returns the state of each operation under `key`: `down` when a critical one fails or is stale, `degraded` when
   * another does; and `down` as soon as the app begins to shut down, so that a readiness probe takes it out of
   * service. Terminus 11 has no `degraded`: there it is `up` with `degraded: true`.
   *
   * @throws OperoConfigurationError for wrong options or an unknown operation
   * @example
   * const result = this.opero.check('operations', { maxFailures: 5, maxAge: minutes(10) });
   */
  check(key: string, options: OperoHealthOptions = {}): HealthIndicatorResult {
    this.#validate(options);
    const { status, details } = judge(this.opero.operations(), options);
    // No more traffic should be routed here once the shutdown has begun.
    if (this.opero.closing) return this.#result(key, 'down', { ...details, shuttingDown: true });
    return this.#result(key, status, details);
  }

  #result(key: string, status: HealthJudgement['status'], details: object): HealthIndicatorResult {
    const indicator = this.indicators.check(key) as ReturnType<HealthIndicatorService['check']> & {
      degraded?: (details: object) => HealthIndicatorResult;
    };
    if (status === 'down') return indicator.down(details as never);
    if (status === 'up') return indicator.up(details as never);
    return indicator.degraded
      ? indicator.degraded(details)
      : indicator.up({ ...details, degraded: true } as never);
  }

  #validate(options: OperoHealthOptions): void {
    const problems = checkHealthOptions(options);
    const known = this.opero.operations().map(({ operation }) => operation);
    const named = [
      ...(options.operations ?? []),
      ...(Array.isArray(options.critical) ? options.critical : []),
    ];
    for (const name of named) {
      if (!known.includes(name)) problems.push({ path: name, message: unknownName(name, known) });
    }
    if (problems.length === 0) return;
    throw new OperoConfigurationError(linesOf('OperoHealthIndicator.check()', problems));
  }
}
