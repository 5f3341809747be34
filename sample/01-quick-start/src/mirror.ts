import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { seededRandom, type Random } from 'nestjs-opero';
import type { Manifest } from './installed-packages.js';

/** How a mirror misbehaves. Shares are of all requests. */
export interface Misbehaviour {
  readonly seed: number;
  /** 503 with `Retry-After: 1`. */
  readonly busy: number;
  /** The connection is reset. */
  readonly reset: number;
  /** No answer for three seconds, then the connection is closed. */
  readonly hang: number;
  /** The answer takes a quarter of a second. */
  readonly slow: number;
  /** Requests a second above which it answers 429. */
  readonly quota: number;
  /** Ms after the first request, from and to, during which every connection is reset. */
  readonly outage?: readonly [from: number, to: number];
}

/** A package mirror on loopback. */
export class Mirror {
  readonly #server: Server;
  readonly #random: Random;
  readonly #recent: number[] = [];
  #startedAt: number | undefined;

  constructor(
    private readonly manifests: ReadonlyMap<string, Manifest>,
    private readonly misbehaviour: Misbehaviour,
  ) {
    this.#random = seededRandom(misbehaviour.seed);
    this.#server = createServer((request, response) =>
      this.#answer(decodeURIComponent(request.url ?? '/'), response),
    );
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #answer(path: string, response: ServerResponse): void {
    const { busy, reset, hang, slow } = this.misbehaviour;
    const now = performance.now();
    this.#startedAt ??= now;
    if (this.#isOut(now - this.#startedAt)) return void response.destroy();
    if (this.#isOverQuota(now)) return send(response, 429, { error: 'too many requests' });
    const chance = this.#random();
    if (chance < busy) return send(response, 503, { error: 'busy' }, { 'retry-after': '1' });
    if (chance < busy + reset) return void response.destroy();
    if (chance < busy + reset + hang) return void setTimeout(() => response.destroy(), 3_000).unref();
    const delay = chance < busy + reset + hang + slow ? 250 : 5;
    setTimeout(() => this.#sendManifest(path, response), delay);
  }

  #sendManifest(path: string, response: ServerResponse): void {
    const manifest = this.manifests.get(path.slice(1));
    if (manifest) send(response, 200, manifest);
    else send(response, 404, { error: `there is no ${path.slice(1)}` });
  }

  #isOut(elapsed: number): boolean {
    const { outage } = this.misbehaviour;
    return outage !== undefined && elapsed >= outage[0] && elapsed < outage[1];
  }

  #isOverQuota(now: number): boolean {
    while (this.#recent.length > 0 && this.#recent[0]! <= now - 1_000) this.#recent.shift();
    if (this.#recent.length >= this.misbehaviour.quota) return true;
    this.#recent.push(now);
    return false;
  }
}

function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

/** The plan that both runs are up against. The primary is worse than the backup. */
export const plans = {
  primary: { seed: 7, busy: 0.06, reset: 0.05, hang: 0.02, slow: 0.05, quota: 200, outage: [1_500, 3_500] },
  backup: { seed: 11, busy: 0.02, reset: 0.02, hang: 0.01, slow: 0.1, quota: 200 },
} as const satisfies Record<string, Misbehaviour>;

export type MirrorName = keyof typeof plans;
