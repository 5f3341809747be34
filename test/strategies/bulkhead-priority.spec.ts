import { describe, expect, it } from '@jest/globals';
import { BulkheadFullError, currentCall, type OperoOptions, type Priority } from '../../lib/index.js';
import { enclosingScope, type Attempt } from '../../lib/core/call/index.js';
import { seededRandom } from '../../lib/core/time/index.js';
import { deferred, Harness, settle } from '../support/harness.js';
import { sendThrough, Upstream } from '../support/upstream.js';

type Name = `${Priority} ${number}`;
const priority = (name: string) => name.split(' ')[0] as Priority;

/** Begins calls that end when told to, and notes which began. */
function naming(bulkhead: object, harness = new Harness()) {
  const operation = harness.operation({
    bulkhead: { concurrency: 1, priority, ...bulkhead },
  } as OperoOptions);
  const order: string[] = [];
  const work = new Map<string, () => void>();
  const begin = (name: string) => {
    const method = () => (order.push(name), new Promise<void>((resolve) => work.set(name, resolve)));
    const started = operation.start({ self: undefined, method, args: [name] }, harness.runtime.root);
    return { ...started, outcome: settle(started.result) };
  };
  const end = async (name: string) => {
    work.get(name)!();
    await harness.clock.settle();
  };
  return { harness, operation, order, begin, end };
}

describe('a bulkhead with priorities', () => {
  it('gives a slot to the highest priority that waits, and of one priority to the first', async () => {
    const { order, begin, end } = naming({ queue: 10 });
    const names: Name[] = ['normal 0', 'sheddable 1', 'normal 2', 'critical 3', 'sheddable 4', 'critical 5'];
    const outcomes = names.map((name) => begin(name).outcome);
    for (const name of ['normal 0', 'critical 3', 'critical 5', 'normal 2', 'sheddable 1', 'sheddable 4'])
      await end(name);
    expect((await Promise.all(outcomes)).every(({ ok }) => ok)).toBe(true);
    expect(order).toEqual(['normal 0', 'critical 3', 'critical 5', 'normal 2', 'sheddable 1', 'sheddable 4']);
  });

  it('lets a higher priority have the place of the lowest that waits, and came last, when its queue is full', async () => {
    const { harness, operation, order, begin, end } = naming({ queue: 3 });
    begin('normal 0');
    const [first, second, third] = (['sheddable 1', 'normal 2', 'sheddable 3'] as const).map(begin);
    const critical = begin('critical 4');
    const refused = await third!.outcome;
    expect(refused.error).toBeInstanceOf(BulkheadFullError);
    expect(refused.error.message).toBe(
      'Test.method1 runs 1 at a time already, and its place in the queue went to a call of a higher priority',
    );
    // Nobody gives way to an equal.
    expect((await begin('sheddable 5').outcome).error.message).toContain('and its queue is full');
    begin('critical 6');
    expect((await first!.outcome).ok).toBe(false);
    begin('critical 7');
    expect((await second!.outcome).ok).toBe(false);
    expect((await begin('critical 8').outcome).error.message).toContain('and its queue is full');
    expect(operation.monitor.counts['bulkhead-refusal']).toBe(5);
    for (const name of ['normal 0', 'critical 4', 'critical 6', 'critical 7']) await end(name);
    expect((await critical.outcome).ok).toBe(true);
    expect(order).toEqual(['normal 0', 'critical 4', 'critical 6', 'critical 7']);
    expect(operation.monitor.running).toBe(0);
    expect(harness.clock.pending).toBe(0);
  });

  it('leaves nothing of a call that was displaced: no timer, no place, and its fallback runs', async () => {
    const harness = new Harness();
    const work = deferred();
    const call = harness.wrap(
      { bulkhead: { concurrency: 1, queue: 1, maxWait: 1_000, priority }, fallback: { value: 'fallback' } },
      async (_name: string): Promise<unknown> => work.promise,
    );
    const running = call('normal 0');
    const displaced = call('sheddable 1');
    const critical = call('critical 2');
    await expect(displaced).resolves.toBe('fallback');
    expect(harness.clock.scheduled).toBe(1);
    work.resolve();
    await Promise.all([running, critical]);
    expect(harness.clock.scheduled).toBe(0);
  });

  it('asks for the priority only of a call for which no slot is free, inside that call', async () => {
    const asked: unknown[] = [];
    const { begin, end } = naming({
      queue: 5,
      priority: (...args: unknown[]) => (asked.push(args, currentCall().operation), 'critical'),
    });
    begin('normal 0');
    expect(asked).toEqual([]);
    begin('normal 1');
    expect(asked).toEqual([['normal 1'], 'Test.method1']);
    await end('normal 0');
    await end('normal 1');
  });

  it.each<[string, () => unknown]>([
    ['throws', () => {
      throw new Error('a priority');
    }],
    ['answers with another word', () => 'urgent'],
    ['answers with nothing', () => undefined],
    ['answers with a number', () => 2],
    ['answers with the name of a property', () => '__proto__'],
    ['answers with a promise that rejects', () => Promise.reject(new Error('a priority'))],
    ['answers with something that cannot be looked at', () => Object.defineProperty({}, 'then', { get: () => { throw new Error('then'); } })],
  ])('takes a call for normal whose function %s, says so, and warns once', async (_, broken) => {
    const { harness, operation, order, begin, end } = naming({
      queue: 5,
      priority: (name: string) => (name.startsWith('broken') ? broken() : priority(name)) as Priority,
    });
    const names = ['normal 0', 'sheddable 1', 'broken 2', 'critical 3', 'broken 4', 'normal 5'];
    for (const name of names) begin(name);
    for (const name of ['normal 0', 'critical 3', 'broken 2', 'broken 4', 'normal 5', 'sheddable 1']) await end(name);
    expect(order).toEqual(['normal 0', 'critical 3', 'broken 2', 'broken 4', 'normal 5', 'sheddable 1']);
    expect(operation.monitor.counts['callback-error']).toBe(2);
    expect(harness.warnings).toHaveLength(1);
    expect(harness.warnings[0]).toContain("bulkhead.priority failed, the call counts as 'normal': ");
  }); // prettier-ignore

  it('says what may be answered, and nothing of what was', async () => {
    const { harness, begin, end } = naming({ queue: 5, priority: () => 'S3CR3T' as Priority });
    begin('normal 0');
    begin('normal 1');
    expect(harness.warnings[0]).toContain(
      "bulkhead.priority: got another string, allowed: 'critical', 'normal', 'sheddable'",
    );
    expect(harness.warnings.join()).not.toContain('S3CR3T');
    await end('normal 0');
    await end('normal 1');
  });

  it('does not let a call wait for a slot that its own priority function has freed', async () => {
    const harness = new Harness();
    let release = () => undefined as void;
    const bulkhead = { concurrency: 1, queue: 5, priority: () => (release(), 'normal' as const) };
    // An answer that is in use until it is released, as a stream that is read.
    const streaming = () => void (release = (enclosingScope() as Attempt).hold());
    const operation = harness.operation({ bulkhead });
    const run = (method: () => unknown) =>
      operation.start({ self: undefined, method, args: [] }, harness.runtime.root).result;
    await run(streaming);
    expect(operation.snapshot().strategies!.bulkhead).toEqual({ running: 1, waiting: 0 });
    await expect(harness.outcome(run(() => 'answer'))).resolves.toEqual({ ok: true, value: 'answer' });
    expect(operation.snapshot().strategies!.bulkhead).toEqual({ running: 0, waiting: 0 });
  });

  it('displaces nobody for a call that its own priority function has aborted', async () => {
    const { harness, operation, order, begin, end } = naming({
      queue: 1,
      priority: (name: string) => {
        if (name === 'critical 2') aborted.abort(new Error('enough'));
        return priority(name);
      },
    });
    const aborted = { abort: (_reason: unknown) => undefined as void };
    begin('normal 0');
    const waiting = begin('sheddable 1');
    const scope = harness.runtime.root;
    aborted.abort = (reason) => scope.children().at(0)!.abort(reason);
    const outcome = await begin('critical 2').outcome;
    expect(outcome.ok).toBe(false);
    await end('normal 0');
    await end('sheddable 1');
    expect((await waiting.outcome).ok).toBe(true);
    expect(order).toEqual(['normal 0', 'sheddable 1']);
    expect(operation.monitor.running).toBe(0);
  });

  it('is not harmed by a listener that ends, aborts and begins calls when one is displaced', async () => {
    const { harness, operation, begin, end } = naming({ queue: 1 });
    const others: Promise<unknown>[] = [];
    let told = 0;
    const running = begin('normal 0');
    const displaced = begin('sheddable 1');
    harness.runtime.events.on('bulkhead-refusal', () => {
      running.call.abort('enough');
      displaced.call.abort('enough');
      if (told++ === 0) others.push(begin('critical 3').outcome);
      throw new Error('a listener');
    });
    const critical = begin('critical 2');
    await Promise.all([running.outcome, displaced.outcome]);
    await end('critical 2');
    await critical.outcome;
    harness.runtime.root.abort('enough');
    await Promise.all(others);
    expect(told).toBeGreaterThan(0);
    expect(operation.monitor.running).toBe(0);
    expect(operation.snapshot().strategies!.bulkhead).toEqual({ running: 0, waiting: 0 });
    expect(harness.clock.pending).toBe(0);
  });

  it('has one order for all methods that use its name', async () => {
    const harness = new Harness();
    const bulkhead = { concurrency: 1, queue: 1, name: 'one' };
    const a = naming(bulkhead, harness);
    const b = naming({ ...bulkhead, priority: (): Priority => 'critical' }, harness);
    a.begin('normal 0');
    const displaced = a.begin('normal 1');
    b.begin('whatever');
    expect((await displaced.outcome).error.message).toContain(
      'Test.method1 runs 1 at a time already, and its place',
    );
    await a.end('normal 0');
    await b.end('whatever');
    expect(() => harness.operation({ bulkhead })).toThrow("bulkhead.name: got 'one' with ");
  });

  it('is proved before the first call', () => {
    const define =
      (bulkhead: unknown, answers: 'promise' | 'direct' = 'promise') =>
      () =>
        new Harness().operation({ bulkhead } as OperoOptions, { answers });
    expect(define({ concurrency: 1, priority })).toThrow(
      'bulkhead.priority: got no queue beside it, allowed: only together with queue',
    );
    expect(define({ concurrency: 1, queue: 1, priority: 'critical' })).toThrow(
      "bulkhead.priority: got 'critical', allowed: a function",
    );
    expect(define({ concurrency: 1, queue: 1, priority }, 'direct')).toThrow('bulkhead.queue: got 1');
  });
});

describe('three times the load that an upstream can take', () => {
  const phase = { duration: 15_000, workers: 20, serviceTime: 40, load: 1_500 };
  const kinds: readonly Priority[] = ['critical', 'normal', 'sheddable'];

  it.each<[string, object, number]>([
    ['a fixed', { concurrency: 20 }, 0],
    ['an adaptive', { concurrency: 'adaptive' }, 0],
    ['an adaptive', { concurrency: 'adaptive' }, 0.1],
  ])(
    'leaves critical calls at 99 %% success with %s bulkhead (%j, %d of the calls normal)',
    async (_, bulkhead, normal) => {
      const harness = new Harness();
      const random = seededRandom(11);
      const upstream = new Upstream(harness.clock, random, 0.5);
      const options = { bulkhead: { queue: 20, maxWait: 500, priority, ...bulkhead } } as OperoOptions;
      const call = harness.wrap(options, (_name: string) => upstream.ask());
      const sent = await sendThrough(harness.clock, random, upstream, [phase], (one) => {
        const drawn = random();
        one.kind = kinds[drawn < 0.2 ? 0 : drawn < 0.2 + normal ? 1 : 2]!;
        return call(one.kind);
      });
      await harness.clock.advance(1_000);
      const share = (kind: Priority) => {
        const calls = sent.filter((one) => one.kind === kind);
        return calls.filter(({ ok }) => ok).length / calls.length;
      };
      expect(share('critical')).toBeGreaterThanOrEqual(0.99);
      if (normal > 0) expect(share('normal')).toBeGreaterThan(0.9);
      // The upstream is used: 300 a second are critical, which leaves some 200 a second, minus the normal ones.
      expect(share('sheddable')).toBeGreaterThan(normal > 0 ? 0.01 : 0.1);
      expect(share('sheddable')).toBeLessThan(0.25);
    },
    60_000,
  );

  it('has no such success without priorities', async () => {
    const harness = new Harness();
    const random = seededRandom(11);
    const upstream = new Upstream(harness.clock, random, 0.5);
    const call = harness.wrap({ bulkhead: { concurrency: 20, queue: 20, maxWait: 500 } }, upstream.ask);
    const short = { ...phase, duration: 3_000 };
    const sent = await sendThrough(harness.clock, random, upstream, [short], () => call());
    expect(sent.filter(({ ok }) => ok).length / sent.length).toBeLessThan(0.5);
  });
});
