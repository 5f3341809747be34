import { open } from './envelope.js';
import { FlightTable } from './flight-table.js';
import { LoadedValue } from './loaded-value.js';
import { StoreDeadline } from './store.js';

/**
 * One object of each shape that a cached call makes, for whoever keeps them: without one that is alive V8 throws the
 * machine code made for a shape away whenever it collects garbage; see `lib/core/shapes.ts`.
 */
export function cacheShapes(): readonly unknown[] {
  const flights = new FlightTable();
  const flight = flights.begin('', 0);
  const loaded = new LoadedValue(1, true, true);
  flight.land(loaded);
  const entry = open({ opero: 1, storedAt: 1, expires: 2, value: 1 }, (plain) => plain);
  return [flights, flight, loaded, entry, new StoreDeadline(() => undefined)];
}
