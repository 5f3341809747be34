import { Injectable } from '@nestjs/common';
import { currentCall, Opero, seconds, type OperoCall } from 'nestjs-opero';
import { Exchange } from './exchange.js';

/** A price, and whether it is of now. */
export interface Price {
  readonly price: number;
  readonly live: boolean;
}

@Injectable()
export class Prices {
  readonly #lastKnown = new Map<string, number>();

  constructor(private readonly exchange: Exchange) {}

  @Opero({
    timeout: 250,
    retry: { retries: 2, minDelay: 50 },
    circuitBreaker: {
      window: { type: 'time', duration: seconds(2) },
      minimumCalls: 20,
      halfOpenCalls: 3,
      // Looks again after half a second, and less and less often while that does not help.
      openDuration: ({ openings }) => Math.min(500 * openings, seconds(2)),
    },
    bulkhead: { concurrency: 20, queue: 20 },
    fallback: 'lastKnown',
  })
  async price(symbol: string): Promise<Price> {
    const response = await fetch(`${this.exchange.address}/${symbol}`, { signal: currentCall().signal });
    const { price } = (await response.json()) as { price: number };
    this.#lastKnown.set(symbol, price);
    return { price, live: true };
  }

  lastKnown(error: unknown, _call: OperoCall, symbol: string): Price {
    const price = this.#lastKnown.get(symbol);
    if (price === undefined) throw error;
    return { price, live: false };
  }
}
