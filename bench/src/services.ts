import { Injectable } from '@nestjs/common';
import { minutes, OpMap, Opero, seconds } from '../../dist/index.js';

/** The methods that are measured, as an app would write them. */
@Injectable()
export class Service {
  async bare(id: number): Promise<number> {
    return id;
  }

  @Opero({ retry: 3, timeout: seconds(5), fallback: { value: -1 }, circuitBreaker: true, bulkhead: 100 })
  async resilient(id: number): Promise<number> {
    return id;
  }

  @Opero({ retry: 3 })
  async retried(id: number): Promise<number> {
    return id;
  }

  @Opero({ circuitBreaker: { window: { type: 'consecutive', size: 1 }, openDuration: minutes(60) } })
  async broken(): Promise<never> {
    throw new Error('down');
  }

  @Opero({ bulkhead: { concurrency: 10, queue: 10_000 } })
  queued(work: () => Promise<void>): Promise<void> {
    return work();
  }

  @Opero({ cache: minutes(10) })
  async cached(id: number): Promise<number> {
    return id;
  }

  @OpMap({ workers: 100 })
  async mapped(id: number): Promise<number> {
    return id;
  }
}
