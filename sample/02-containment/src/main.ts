import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { NestFactory } from '@nestjs/core';
import { OperoService } from 'nestjs-opero';
import { AppModule } from './app.module.js';
import { Exchange, type ExchangeState } from './exchange.js';
import { Prices } from './prices.service.js';
import { heading, line, note } from './timeline.js';

/** Ms that a line stands for, the calls made in it, and how many lines there are. */
const STRETCH = 500;
const CALLS = 20;
const STRETCHES = 28;
/** What happens, by the line before which it does. */
const story: Record<number, { exchange?: ExchangeState; byHand?: 'isolate' | 'close'; tell: string }> = {
  0: { exchange: 'well', tell: 'All is well.' },
  4: { exchange: 'dead', tell: 'The exchange dies.' },
  12: { exchange: 'overloaded', tell: 'It comes back, too slow to be of use.' },
  16: { exchange: 'well', tell: 'It is well again.' },
  22: { byHand: 'isolate', tell: 'Operations takes it out of service: circuit(...).isolate()' },
  25: { byHand: 'close', tell: 'And back: circuit(...).close()' },
};

async function main(): Promise<void> {
  const app = await NestFactory.createApplicationContext(AppModule, { logger: ['warn', 'error'] });
  const [exchange, prices, opero] = [app.get(Exchange), app.get(Prices), app.get(OperoService)];
  const circuit = opero.circuit('Prices.price');
  print('40 calls a second to an exchange that dies and comes back. Every call is answered.\n');
  print(heading);
  const total = { calls: 0, live: 0, lastKnown: 0, failed: 0 };
  const dead = { calls: 0, requests: 0 };

  for (let stretch = 0; stretch < STRETCHES; stretch++) {
    const chapter = story[stretch];
    if (chapter) print(note(chapter.tell));
    if (chapter?.exchange) exchange.state = chapter.exchange;
    if (chapter?.byHand) circuit[chapter.byHand]();
    const before = exchange.requests;
    const answers = await callFor(STRETCH, prices);
    const requests = exchange.requests - before;
    const counted = {
      live: answers.filter((answer) => answer === 'live').length,
      lastKnown: answers.filter((answer) => answer === 'last known').length,
      failed: answers.filter((answer) => answer === 'failed').length,
    };
    const seconds = ((stretch + 1) * STRETCH) / 1_000;
    print(line({ seconds, exchange: exchange.state, circuit: circuit.state, ...counted, requests }));
    total.calls += answers.length;
    total.live += counted.live;
    total.lastKnown += counted.lastKnown;
    total.failed += counted.failed;
    if (exchange.state !== 'dead') continue;
    dead.calls += answers.length;
    dead.requests += requests;
  }

  print(
    `\n${total.calls} calls: ${total.live} live, ${total.lastKnown} with the last known price, ${total.failed} failed.` +
      `\nWhile the exchange was dead, ${dead.requests} requests reached it for ${dead.calls} calls; with 2 retries and no circuit, ${3 * dead.calls} would have.`,
  );
  await app.close();
}

/** Calls that come evenly over some time, and what came of each. */
async function callFor(milliseconds: number, prices: Prices): Promise<('live' | 'last known' | 'failed')[]> {
  const answers: Promise<'live' | 'last known' | 'failed'>[] = [];
  const startedAt = performance.now();
  for (let call = 0; call < CALLS; call++) {
    const answer = prices.price(`SYM${call % 5}`);
    answers.push(
      answer.then(
        ({ live }) => (live ? 'live' : 'last known'),
        () => 'failed',
      ),
    );
    await sleep(Math.max(0, ((call + 1) * milliseconds) / CALLS - (performance.now() - startedAt)));
  }
  return Promise.all(answers);
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);

await main();
