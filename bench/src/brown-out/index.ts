import { goodputChart, measureGoodput } from './brown-out.js';
import { cockatielAsDocumented, cockatielByHand, naive, type Upstream } from './clients.js';

export { Upstream } from './clients.js';

/** What each way of calling makes of an upstream that loses most of its capacity for a while. */
export async function brownOut(upstream: Upstream): Promise<string> {
  return goodputChart([
    await measureGoodput('nestjs-opero', (ask) => upstream.ask(ask)),
    await measureGoodput('cockatiel, as documented', cockatielAsDocumented()),
    await measureGoodput('cockatiel, refusals excluded', cockatielByHand()),
    await measureGoodput('naive retries', naive),
  ]);
}
