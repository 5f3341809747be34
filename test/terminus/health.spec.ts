import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Injectable, type INestApplication } from '@nestjs/common';
import { HealthCheck, HealthCheckService, HealthIndicatorService, TerminusModule } from '@nestjs/terminus';
import { Opero } from '../../lib/index.js';
import { judge, type OperoHealthOptions } from '../../lib/terminus/operation-health.js';
import { OperoHealthIndicator } from '../../lib/terminus/index.js';
import { Harness } from '../support/harness.js';
import { moduleWith, platforms, serve } from '../support/apps.js';
import { circuitBreaker as breakerDefinition } from '../../lib/strategies/index.js';

let options: OperoHealthOptions = {};

@Injectable()
class Service {
  down = false;
  @Opero({ name: 'payments' })
  async payments(): Promise<void> {
    if (this.down) throw new Error('password=hunter2');
  }
  @Opero({ name: 'search' })
  async search(): Promise<void> {
    await this.pending;
  }
  pending: Promise<void> | undefined;
}

@Controller()
class Probe {
  constructor(
    private readonly health: HealthCheckService,
    private readonly opero: OperoHealthIndicator,
  ) {}
  @Get('ready')
  @HealthCheck()
  ready() {
    return this.health.check([() => this.opero.check('operations', options)]);
  }
}

/** Terminus 12 knows degraded, 11 does not. */
const knowsDegraded = 'degraded' in new HealthIndicatorService().check('any');

it('is tested on the terminus that is meant', () => {
  expect(knowsDegraded).toBe(process.env.TESTED_NEST !== '11');
});

describe('the health indicator', () => {
  let app: INestApplication;
  afterEach(() => app.close());

  const start = async () => {
    const module = moduleWith({
      imports: [TerminusModule],
      providers: [Service, OperoHealthIndicator],
      controllers: [Probe],
    });
    const served = await serve(platforms[0]![1], module);
    app = served.app;
    const probe = async (asked: OperoHealthOptions) => {
      options = asked;
      const response = await fetch(`${served.url}/ready`);
      return { http: response.status, body: await response.text() };
    };
    return { service: app.get(Service), probe };
  };
  const fail = async (service: Service, times: number) => {
    service.down = true;
    for (let time = 0; time < times; time++) await service.payments().catch(() => undefined);
  };

  it('is up while all is well, operations that were never called included', async () => {
    const { service, probe } = await start();
    await service.payments();
    const { http, body } = await probe({});
    expect(http).toBe(200);
    expect(JSON.parse(body)).toMatchObject({
      status: 'ok',
      details: {
        operations: {
          status: 'up',
          payments: { state: 'healthy', failureStreak: 0 },
          search: { state: 'idle' },
        },
      },
    });
  });

  it('is down from the moment the app begins to shut down, while calls still end', async () => {
    const { service, probe } = await start();
    let end!: () => void;
    service.pending = new Promise((resolve) => (end = resolve));
    const running = service.search();
    const closed = app.close();
    await new Promise((resolve) => setImmediate(resolve));
    const { http, body } = await probe({});
    expect(http).toBe(503);
    expect(JSON.parse(body).error.operations).toMatchObject({ status: 'down', shuttingDown: true });
    end();
    await Promise.all([running, closed]);
  });

  it('is degraded, and the probe still succeeds, when an operation fails', async () => {
    const { service, probe } = await start();
    await fail(service, 3);
    const { http, body } = await probe({});
    expect(http).toBe(200);
    const { operations } = JSON.parse(body).details;
    expect(operations).toMatchObject(
      knowsDegraded ? { status: 'degraded' } : { status: 'up', degraded: true },
    );
    expect(operations.payments).toMatchObject({ state: 'failing', failureStreak: 3, lastError: 'Error' });
    expect(body).not.toContain('hunter2');
  });

  it('fails the probe when a critical operation fails, until it succeeds again', async () => {
    const { service, probe } = await start();
    await fail(service, 2);
    expect((await probe({ critical: ['payments'], maxFailures: 3 })).http).toBe(200);
    expect((await probe({ critical: ['search'], maxFailures: 2 })).http).toBe(200);
    expect((await probe({ critical: ['payments'], maxFailures: 2 })).http).toBe(503);
    expect((await probe({ critical: true, maxFailures: 2, operations: ['search'] })).http).toBe(200);
    service.down = false;
    await service.payments();
    expect((await probe({ critical: true, maxFailures: 1 })).http).toBe(200);
  });

  it('refuses options and names that are wrong', async () => {
    const { probe } = await start();
    const indicator = app.get(OperoHealthIndicator);
    expect(() => indicator.check('operations', { maxFailures: 0 })).toThrow(
      'maxFailures: got 0, allowed: a whole number >= 1',
    );
    expect(() => indicator.check('operations', { critical: ['paymets'] })).toThrow('did you mean payments?');
    expect((await probe({})).http).toBe(200);
  });
});

describe('the judgement', () => {
  it('calls an operation open while its circuit is, and degraded unless it is critical', async () => {
    const harness = new Harness();
    const operation = harness.operation({
      circuitBreaker: { window: { type: 'consecutive', size: 1 }, openDuration: 100 },
    });
    const call = (method: () => Promise<unknown>) =>
      (
        operation.run(
          { self: undefined, method, args: [] },
          harness.runtime.scope,
          'promise',
        ) as Promise<unknown>
      ).catch(() => 0);
    expect(operation.snapshot().strategies?.circuitBreaker?.state).toBe('closed');
    await call(() => Promise.reject(new Error('down')));
    expect(operation.snapshot().strategies?.circuitBreaker?.state).toBe('open');
    expect(judge([operation.snapshot()], {})).toMatchObject({
      status: 'degraded',
      details: { [operation.name]: { state: 'open' } },
    });
    expect(judge([operation.snapshot()], { critical: true }).status).toBe('down');
    await harness.clock.advance(100);
    expect(operation.snapshot().strategies?.circuitBreaker?.state).toBe('half-open');
    await call(async () => 1);
    expect(operation.snapshot().strategies?.circuitBreaker?.state).toBe('closed');
    expect(judge([operation.snapshot()], {}).status).toBe('up');
  });

  it('takes an isolated circuit for open, and one in shadow mode for nothing', async () => {
    const harness = new Harness();
    const [real, shadow] = [{}, { shadow: true }].map((circuitBreaker) =>
      harness.operation({ circuitBreaker }),
    );
    for (const operation of [real!, shadow!]) operation.strategyOf(breakerDefinition)!.isolate({});
    expect(judge([real!.snapshot(), shadow!.snapshot()], {}).details).toMatchObject({
      [real!.name]: { state: 'open' },
      [shadow!.name]: { state: 'idle' },
    });
  });

  it('calls an operation stale when it was called since its last success, too long ago', async () => {
    const harness = new Harness();
    let down = false;
    const operation = harness.operation({});
    const call = () =>
      (
        operation.run(
          { self: undefined, method: async () => (down ? Promise.reject(new Error('x')) : 1), args: [] },
          harness.runtime.scope,
          'promise',
        ) as Promise<unknown>
      ).catch(() => 0);
    const state = (health: OperoHealthOptions) =>
      judge([operation.snapshot()], health).details[operation.name]!.state;
    expect(state({ maxAge: 100 })).toBe('idle');
    await call();
    await harness.clock.advance(200);
    expect(state({ maxAge: 100 })).toBe('healthy');
    down = true;
    await call();
    expect(state({ maxAge: 100 })).toBe('stale');
    expect(state({ maxAge: 500 })).toBe('healthy');
  });
});
