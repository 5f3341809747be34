import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';

/** `well` answers in 10 ms, `overloaded` in half a second, `dead` resets connections. */
export type ExchangeState = 'well' | 'overloaded' | 'dead';

/** The dependency, on loopback. */
@Injectable()
export class Exchange implements OnModuleInit, OnModuleDestroy {
  state: ExchangeState = 'well';
  /** Requests that reached it. */
  requests = 0;
  readonly #server: Server = createServer((request, response) => {
    this.requests++;
    this.#answer(request.url ?? '/', response);
  });

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async onModuleInit(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  onModuleDestroy(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #answer(path: string, response: ServerResponse): void {
    if (this.state === 'dead') return void response.destroy();
    const price = 100 + (path.length % 7) + Math.round(10 * Math.sin(performance.now() / 1_000));
    setTimeout(() => response.end(JSON.stringify({ price })), this.state === 'well' ? 10 : 500).unref();
  }
}
