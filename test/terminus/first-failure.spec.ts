import { describe, expect, it } from '@jest/globals';
import { NotFoundException, ServiceUnavailableException } from '@nestjs/common';
import { judge, type OperoHealthOptions } from '../../lib/terminus/operation-health.js';
import { Harness } from '../support/harness.js';

const OPTIONS: OperoHealthOptions = { maxAge: 300_000, maxFailures: 3, critical: true };

async function failing(error: unknown, times: number, before = false) {
  const harness = new Harness();
  const operation = harness.operation({});
  const call = (method: () => Promise<unknown>) =>
    Promise.resolve(
      operation.run({ self: undefined, method, args: [] }, harness.runtime.scope, 'promise'),
    ).catch(() => 0);
  if (before) await call(() => Promise.resolve(1));
  for (let time = 0; time < times; time++) await call(() => Promise.reject(error));
  return judge([operation.snapshot()], OPTIONS);
}

describe('A critical operation', () => {
  it('does not fail the probe with its very first call, when three failures in a row are allowed', async () => {
    expect((await failing(new Error('down'), 1)).status).toBe('up');
    expect((await failing(new Error('down'), 2)).status).toBe('up');
  });

  it('fails the probe with the third failure in a row, although it never succeeded', async () => {
    expect((await failing(new Error('down'), 3)).status).toBe('down');
  });

  it('does not fail the probe for requests that were wrong, as circuits do not open for them', async () => {
    const { status, details } = await failing(new NotFoundException(), 5, true);
    expect(status).toBe('up');
    expect(Object.values(details)).toMatchObject([{ state: 'healthy', failureStreak: 0 }]);
    expect((await failing(new NotFoundException(), 5)).status).toBe('up');
  });

  it('reports errors that have no class, too', async () => {
    const odd = Object.defineProperty(new Error('down'), 'constructor', { value: undefined });
    const { details } = await failing(odd, 1);
    expect(Object.values(details)).toMatchObject([{ state: 'healthy', lastError: 'Error' }]);
  });

  it('fails the probe for a third failure of the other side', async () => {
    expect((await failing(new ServiceUnavailableException(), 3, true)).status).toBe('down');
  });
});
