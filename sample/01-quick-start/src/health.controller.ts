import { Controller, Get } from '@nestjs/common';
import { HealthCheck, HealthCheckService, type HealthCheckResult } from '@nestjs/terminus';
import { minutes } from 'nestjs-opero';
import { OperoHealthIndicator } from 'nestjs-opero/terminus';

@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly opero: OperoHealthIndicator,
  ) {}

  @Get()
  @HealthCheck()
  check(): Promise<HealthCheckResult> {
    return this.health.check([() => this.opero.check('operations', { maxAge: minutes(30), maxFailures: 5 })]);
  }
}
