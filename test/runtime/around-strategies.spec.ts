import { describe, expect, it } from '@jest/globals';
import { currentCall } from 'nestjs-opero';
import { define, harnessWith, mine, never, started } from '../support/around.js';

type Any = any;

describe('an around strategy of the app', () => {
  it('that aborts the call in its synchronous part and never answers ends with the abort', async () => {
    let abort!: () => void;
    const harness = harnessWith(define(() => (abort(), never())));
    const call = started(harness, async () => 1);
    ({ abort } = call);
    expect(await harness.outcome(call.start())).toMatchObject({ value: { error: { message: 'left' } } });
    expect(harness.runtime.root.children()).toEqual([]);
  });

  it('whose answer is a lazy thenable is asked for it once', async () => {
    let asked = 0;
    const lazy = {
      then(resolve: (value: unknown) => void) {
        asked++;
        resolve('answer');
      },
    };
    const harness = harnessWith(define(() => lazy));
    expect((await harness.outcome(harness.wrap(mine(), async () => 1)())).value).toBe('answer');
    expect(asked).toBe(1);
  });

  it.each([
    ['first', (running: Promise<unknown>) => Promise.race([running, Promise.resolve('first')])],
    ['at once', (running: Promise<unknown>) => (running.catch(() => undefined), 'at once')],
  ])('that answers %s cancels what still runs inside it', async (answer, decide) => {
    const heard: unknown[] = [];
    const harness = harnessWith(define((call: Any, next: Any) => {
      const running = next.run(call);
      running.catch((error: Error) => heard.push(error.name));
      return decide(running);
    })); // prettier-ignore
    let signal!: AbortSignal;
    let runs = 0;
    const { start, operation } = started(harness, () => {
      runs++;
      ({ signal } = currentCall()!);
      return never();
    }, mine({ retry: { retryOn: () => true }, bulkhead: 1 })); // prettier-ignore
    for (let turn = 1; turn < 3; turn++) {
      expect((await harness.outcome(start())).value).toEqual({ ok: true, value: answer });
      expect([runs, heard.length, signal.aborted]).toEqual([turn, turn, true]);
    }
    expect(heard).toEqual(['AbortError', 'AbortError']);
    expect(operation.snapshot().counts).toMatchObject({ success: 0, failure: 0, abort: 0 });
    expect(harness.runtime.root.children()).toEqual([]);
  });

  it('that throws beside what runs inside it fails, and the other is cancelled', async () => {
    const harness = harnessWith(define((call: Any, next: Any) => {
      next.run(call).catch(() => undefined);
      throw new Error('boom');
    })); // prettier-ignore
    const call = harness.wrap(
      mine({ fallback: (error: Any) => error.message }),
      never as () => Promise<unknown>,
    );
    expect((await harness.outcome(call())).value).toBe('boom');
    expect(harness.runtime.root.children()).toEqual([]);
  });

  it('leaves one further out its answer, and runs again when asked', async () => {
    const inner = define((call: Any, next: Any) => Promise.race([next.run(call), Promise.resolve('raced')]));
    const twice = async (call: Any, next: Any) => [await next.run(call), await next.run(call)];
    const outer = define(twice, { name: 'outer', option: 'outer', before: 'mine' });
    const harness = harnessWith(inner, outer);
    let runs = 0;
    const call = harness.wrap({ ...mine(), outer: true, retry: 2 } as Any, () => (runs++, never()));
    expect((await harness.outcome(call())).value).toEqual(['raced', 'raced']);
    expect(runs).toBe(2);
  });

  it('that runs the method after its answer is told so, and nothing runs', async () => {
    let late!: () => Promise<unknown>;
    const harness = harnessWith(define(async (call: Any, next: Any) => {
      late = () => next.run(call);
      return 'early';
    })); // prettier-ignore
    let runs = 0;
    expect((await harness.outcome(harness.wrap(mine(), async () => ++runs)())).value).toBe('early');
    await expect(late()).rejects.toThrow('the strategy mine called next.run() after it had answered');
    expect(runs).toBe(0);
    expect(harness.warnings.join()).toContain('around() of the strategy mine failed');
  });

  it('is told of an abort by what it runs', async () => {
    const heard: string[] = [];
    const harness = harnessWith(define(async (call: Any, next: Any) => {
      try {
        return await next.run(call);
      } catch (error) {
        heard.push((error as Error).message);
        throw error;
      }
    })); // prettier-ignore
    const { start, abort, operation } = started(harness, never);
    const outcome = start();
    await harness.clock.settle();
    abort();
    expect(await outcome).toMatchObject({ error: { message: 'left' } });
    await harness.clock.settle();
    expect(heard).toEqual(['left']);
    expect(operation.snapshot().counts).toMatchObject({ abort: 1, failure: 0 });
  });

  it('that waits for itself counts an abort', async () => {
    const harness = harnessWith(define(never));
    const { start, abort, operation } = started(harness, never);
    const outcome = start();
    await harness.clock.settle();
    abort();
    expect((await outcome).ok).toBe(false);
    expect(operation.snapshot().counts).toMatchObject({ abort: 1, failure: 0 });
  });
});
