import { capacityChart, measureServed } from './capacity.js';
import type { Adaptive } from './clients.js';

export { Adaptive } from './clients.js';

/** What bulkheads make of an upstream that loses four fifths of its workers for a while. */
export async function adaptive(bulkheads: Adaptive): Promise<string> {
  return capacityChart([
    await measureServed('adaptive', (ask) => bulkheads.adaptive(ask)),
    await measureServed('fixed, 20', (ask) => bulkheads.forWell(ask)),
    await measureServed('fixed, 4', (ask) => bulkheads.forWeak(ask)),
  ]);
}
