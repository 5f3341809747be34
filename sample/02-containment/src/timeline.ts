import { styleText } from 'node:util';
import type { CircuitStateName } from 'nestjs-opero';
import type { ExchangeState } from './exchange.js';

/** What happened in one stretch of time. */
export interface Stretch {
  readonly seconds: number;
  readonly exchange: ExchangeState;
  readonly circuit: CircuitStateName;
  /** Calls answered with a price of now, with the last known one, and not at all. */
  readonly live: number;
  readonly lastKnown: number;
  readonly failed: number;
  /** Requests that reached the exchange. */
  readonly requests: number;
}

type Style = Parameters<typeof styleText>[0];

const circuits: Record<CircuitStateName, Style> = {
  closed: 'green',
  'half-open': 'yellow',
  open: 'red',
  isolated: 'magenta',
};

const exchanges: Record<ExchangeState, Style> = { well: 'green', overloaded: 'yellow', dead: 'red' };

const WIDTH = 30;

/** Colours only where somebody looks. */
const colours = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (style: Style, text: string): string => (colours ? styleText(style, text) : text);

export const heading = [
  '   time',
  'exchange  ',
  'circuit  ',
  'calls: █ live, ░ last known'.padEnd(WIDTH),
  'requests',
].join('  ');

/** One line of the circuit's life. */
export function line({ seconds, exchange, circuit, live, lastKnown, failed, requests }: Stretch): string {
  const bar = `${'█'.repeat(live)}${'░'.repeat(lastKnown)}${'x'.repeat(failed)}`.slice(0, WIDTH);
  return [
    `${seconds.toFixed(1).padStart(5)} s`,
    paint(exchanges[exchange], exchange.padEnd(10)),
    paint(circuits[circuit], circuit.padEnd(9)),
    bar.padEnd(WIDTH),
    String(requests).padStart(8),
  ].join('  ');
}

/** What is told between the lines. */
export const note = (text: string): string => paint('dim', `         ${text}`);
