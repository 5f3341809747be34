import { AroundFrame } from './around-frame.js';
import { captureCallSite } from '../call/call-site.js';
import { Call } from '../call/call.js';
import type { CallKind, CallOperation, Invocation } from '../call/invocation.js';
import type { Frame } from './frame.js';
import { GateChain } from './gate-chain.js';
import { RepeatChain } from './repeat-chain.js';
import type { Scope } from '../call/scope.js';
import type { Runner, Strategy } from '../strategy/strategy.js';
import { AttemptLoop } from './attempt-loop.js';

/** The enabled strategies of one operation, ready to run calls. */
export class Pipeline {
  readonly #outermost: Runner;

  /** `strategies` are in order, outermost first. */
  constructor(strategies: readonly Strategy[]) {
    const outermost = build(strategies);
    outermost.outermost = true;
    this.#outermost = outermost;
  }

  /** Runs one call inside `owner`. */
  run(operation: CallOperation, invocation: Invocation, owner: Scope, kind: CallKind): unknown {
    const call = new Call(operation, invocation, owner, undefined, kind);
    if (operation.callSites) call.site = captureCallSite();
    return this.start(call);
  }

  /** Runs a call that was created by the caller, so that it can be aborted. */
  start(call: Call): unknown {
    try {
      const result = this.#outermost.run(call);
      return call.kind === 'direct' || result instanceof Promise ? result : Promise.resolve(result);
    } catch (error) {
      if (!call.ended) call.leave();
      if (call.kind === 'direct') throw error;
      return Promise.reject(error);
    }
  }
}

/**
 * All strategies up to and including an `around` strategy form one frame; the rest is built as the frame inside it.
 */
function build(strategies: readonly Strategy[]): Frame {
  const split = strategies.findIndex(({ kind }) => kind === 'around');
  const own = split < 0 ? strategies : strategies.slice(0, split);
  const recover = own.filter((strategy) => strategy.kind === 'recover');
  const limit = own.find((strategy) => strategy.kind === 'total-timeout');
  const around = strategies[split];
  if (around?.kind === 'around') {
    return new AroundFrame(recover, limit, around, build(strategies.slice(split + 1)));
  }
  const repeat = new RepeatChain(own.filter((strategy) => strategy.kind === 'repeat'));
  const hedge = own.find((strategy) => strategy.kind === 'hedge');
  const gates = new GateChain(own.filter((strategy) => strategy.kind === 'gate'));
  const attemptLimit = own.find((strategy) => strategy.kind === 'attempt-timeout');
  return new AttemptLoop(recover, limit, { repeat, hedge, gates, attemptLimit });
}
