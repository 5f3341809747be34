import type { Random } from '../../lib/core/time/index.js';
import type { ManualClock } from './manual-clock.js';

/** What an upstream can do for a while, and what is asked of it. */
export interface Phase {
  /** How long it lasts, in ms. */
  readonly duration: number;
  /** Requests it works on at a time. */
  readonly workers: number;
  /** Ms that one takes, on average. */
  readonly serviceTime: number;
  /** Calls a second. */
  readonly load: number;
}

/** A server with so many workers, in front of which requests queue without an end, first come, first served. */
export class Upstream {
  workers = 0;
  serviceTime = 0;
  readonly #queue: (() => void)[] = [];
  #working = 0;

  constructor(
    private readonly clock: ManualClock,
    private readonly random: Random,
    /** How much service times differ: 0 not at all, 1 from nothing to twice the average. */
    private readonly spread = 0,
  ) {}

  /** The answer to one request. */
  readonly ask = (): Promise<void> =>
    new Promise((resolve) => {
      this.#queue.push(resolve);
      this.work();
    });

  /** Begins with what can be begun, also after the number of workers has grown. */
  work(): void {
    while (this.#working < this.workers && this.#queue.length > 0) {
      const answer = this.#queue.shift()!;
      this.#working++;
      this.clock.schedule(this.serviceTime * (1 + this.spread * (2 * this.random() - 1)), () => {
        this.#working--;
        answer();
        this.work();
      });
    }
  }
}

/** One call: when it came, and what became of it. */
export interface Sent {
  readonly at: number;
  /** What kind of call it is, where there are several. */
  kind?: string;
  ok?: boolean;
  endedAt?: number;
}

/** Sends calls as they come, however the earlier ones fare, through all phases; time goes by meanwhile. */
export async function sendThrough(
  clock: ManualClock,
  random: Random,
  upstream: Upstream,
  phases: readonly Phase[],
  call: (one: Sent) => Promise<unknown>,
): Promise<Sent[]> {
  const sent: Sent[] = [];
  const begin = (one: Sent) => {
    sent.push(one);
    const end = (ok: boolean) => void Object.assign(one, { ok, endedAt: clock.now() });
    call(one).then(
      () => end(true),
      () => end(false),
    );
  };
  for (const { duration, workers, serviceTime, load } of phases) {
    const until = clock.now() + duration;
    Object.assign(upstream, { workers, serviceTime });
    upstream.work();
    const comes = (at: number) => {
      if (at < until) clock.schedule(at - clock.now(), () => (begin({ at }), comes(at + gap())));
    };
    const gap = () => (-Math.log(1 - random()) * 1_000) / load;
    comes(clock.now() + gap());
    await clock.advance(duration);
  }
  return sent;
}

/** What came of the calls that ended from `from` until `until`: answers a second, and the latency of 99 of 100 of them. */
export function outcomeOf(sent: readonly Sent[], from: number, until: number) {
  const answered = sent.filter(({ ok, endedAt = 0 }) => ok && endedAt >= from && endedAt < until);
  const latencies = answered.map(({ at, endedAt }) => endedAt! - at).sort((a, b) => a - b);
  return {
    goodput: (answered.length * 1_000) / (until - from),
    p99: latencies[Math.floor(latencies.length * 0.99)] ?? Infinity,
  };
}
