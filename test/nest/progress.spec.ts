import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { OperoModule, OperoService, type AnyIterable } from '../../lib/index.js';

const terminal = { isTTY: process.stderr.isTTY, ci: process.env.CI };

afterEach(() => {
  jest.restoreAllMocks();
  process.stderr.isTTY = terminal.isTTY;
  if (terminal.ci !== undefined) process.env.CI = terminal.ci;
});

const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** What a run shows on a terminal, or logs without one. */
async function shown(items: AnyIterable<number>, isTTY: boolean): Promise<string> {
  delete process.env.CI;
  process.stderr.isTTY = isTTY;
  let text = '';
  jest.spyOn(process.stderr, 'write').mockImplementation((part) => ((text += String(part)), true));
  jest
    .spyOn(Logger.prototype, 'log')
    .mockImplementation((line: unknown) => void (text += `${String(line)}\n`));
  const reference = await Test.createTestingModule({ imports: [OperoModule.forRoot()] }).compile();
  await reference.init();
  const work = async (item: number) => {
    await later(60);
    if (item === 1) throw new Error('one');
    return item;
  };
  await reference.get(OperoService).map(items, work, { name: 'the job', progress: true, workers: 1 });
  await later(0);
  await reference.close();
  return text;
}

async function* unknownCount() {
  yield* [0, 1, 2];
}

describe('the progress of a run', () => {
  it('is a bar on a terminal, whose first frame is complete [hard 4.7]', async () => {
    const text = await shown([0, 1, 2, 3], true);
    expect(text).toContain('the job');
    expect(text).toContain('4/4, 1 failed');
    expect(text).not.toMatch(/[{}]|NaN|undefined/);
  });

  it('is a count on a terminal where nobody knows how many there are [hard 4.7]', async () => {
    const text = await shown(unknownCount(), true);
    expect(text).toContain('3 done, 1 failed');
    expect(text).not.toMatch(/[{}]|NaN|undefined|\/3/);
  });

  it.each([true, false])('of no items at all ends, on a terminal: %s [hard 4.7]', async (isTTY) => {
    expect(await shown([], isTTY)).not.toMatch(/[{}]|NaN|undefined|Infinity/);
  });

  it('is logged elsewhere [hard 4.7]', async () => {
    const text = await shown([0, 1, 2, 3], false);
    expect(text).toMatch(/the job: 4 done in \d+ ms, 1 failed/);
  });
});
