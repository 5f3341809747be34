import * as cockatiel from 'cockatiel';
import CircuitBreaker from 'opossum';
import { measure } from './measure.js';
import type { Service } from './services.js';
import { ratioTable } from './table.js';

const down = async (): Promise<never> => {
  throw new Error('down');
};

const ignore = () => undefined;

/** What it costs to be refused by an open circuit, against calling what fails. */
export async function openCircuit(service: Service): Promise<string> {
  const policy = cockatiel.circuitBreaker(cockatiel.handleAll, {
    halfOpenAfter: 3_600_000,
    breaker: new cockatiel.ConsecutiveBreaker(1),
  });
  const breaker = new CircuitBreaker(down, { resetTimeout: 3_600_000 });
  // Opens the circuits.
  for (const open of [() => service.broken(), () => policy.execute(down), () => breaker.fire()]) {
    for (let call = 0; call < 20; call++) await open().catch(ignore);
  }
  const measurements = await measure(
    [
      { name: 'bare call that rejects', run: () => down().catch(ignore) },
      { name: 'nestjs-opero', run: () => service.broken().catch(ignore) },
      { name: 'cockatiel', run: () => policy.execute(down).catch(ignore) },
      { name: 'opossum', run: () => breaker.fire().catch(ignore) },
    ],
    10_000,
  );
  breaker.shutdown();
  return ratioTable('refused by an open circuit', measurements);
}

const WAITERS = 10_000;

/** How long it takes until all of many that come at once have gone through a queue, each for no time at all. */
export async function waiters(service: Service): Promise<string> {
  const bulkhead = cockatiel.bulkhead(10, WAITERS);
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  const all = (call: () => Promise<unknown>) => Promise.all(Array.from({ length: WAITERS }, call));
  const measurements = await measure(
    [
      { name: 'bare calls', run: () => all(turn) },
      { name: 'nestjs-opero', run: () => all(() => service.queued(turn)) },
      { name: 'cockatiel', run: () => all(() => bulkhead.execute(turn)) },
    ],
    1,
  );
  const each = measurements.map(({ name, nanoseconds }) => ({ name, nanoseconds: nanoseconds / WAITERS }));
  return ratioTable(`${WAITERS.toLocaleString('en')} at once through a bulkhead of 10`, each);
}
