import { DEFAULT_MAX_KEYS, KeyedStates } from '../../core/collections/index.js';
import { keyPrefix, stateKey } from '../../core/strategy/index.js';
import { Circuit, type CircuitSettings, type CircuitStateName } from './circuit.js';

/** Which of the circuits of one breaker are meant. */
export interface CircuitSelection {
  /** Those of this key. Default: all, and for {@link Circuits.isolate} those still to come. */
  readonly key?: string;
}

/** Tells what an app does by hand with each circuit. */
type EachCircuit = (circuit: Circuit) => void;

/** From the one that lets the least through. */
const WORST: readonly CircuitStateName[] = ['isolated', 'open', 'half-open', 'closed'];

/** The circuits of one breaker: one for each key, and for each alternative of a fallback argument. */
export class Circuits {
  readonly #keyed: KeyedStates<Circuit>;
  #isolated = false;

  constructor(settings: CircuitSettings, bound?: number) {
    this.#keyed = new KeyedStates({
      make: () => {
        const circuit = new Circuit(settings);
        if (this.#isolated) circuit.isolate();
        return circuit;
      },
      // While all are isolated, one that is forgotten is made isolated again.
      inUse: (circuit, now) => circuit.inUseAt(now) && !(this.#isolated && circuit.isolated),
      bound: bound ?? DEFAULT_MAX_KEYS,
    });
  }

  get size(): number {
    return this.#keyed.size;
  }

  /** The circuit of a key, and of alternatives by their values. */
  of(key: string, alternative: string, now: number): Circuit {
    return this.#keyed.get(stateKey(key, alternative), now);
  }

  /** The state of several: that of the one which lets the least through. */
  stateAt(now: number, selection: CircuitSelection = {}): CircuitStateName {
    const states = new Set<CircuitStateName>();
    this.#each(selection, (circuit) => states.add(circuit.stateAt(now)));
    if (this.#isolated && (selection.key === undefined || states.size === 0)) states.add('isolated');
    return WORST.find((state) => states.has(state)) ?? 'closed';
  }

  open(now: number, duration: number | undefined, selection: CircuitSelection, onChanged: EachCircuit): void {
    this.#change(now, selection, onChanged, (circuit) => circuit.open(now, duration));
  }

  close(now: number, selection: CircuitSelection, onChanged: EachCircuit): void {
    if (selection.key === undefined) this.#isolated = false;
    this.#change(now, selection, onChanged, (circuit) => {
      if (circuit.stateAt(now) !== 'closed') circuit.close();
    });
  }

  isolate(now: number, selection: CircuitSelection, onChanged: EachCircuit): void {
    this.#change(now, selection, onChanged, (circuit) => {
      if (!circuit.isolated) circuit.isolate();
    });
    if (selection.key === undefined) this.#isolated = true;
  }

  /** Forgets everything: what is let through from now on meets new circuits. */
  reset(now: number, selection: CircuitSelection, onChanged: EachCircuit): void {
    this.close(now, selection, onChanged);
    this.#keyed.forget((key) => this.#isMeant(key, selection));
  }

  #change(now: number, selection: CircuitSelection, onChanged: EachCircuit, change: EachCircuit): void {
    // A breaker that was never used has no circuit yet to be opened.
    if (selection.key !== undefined || this.#keyed.size === 0) {
      this.#keyed.insist(stateKey(selection.key ?? '', ''), now);
    }
    this.#each(selection, (circuit) => {
      change(circuit);
      onChanged(circuit);
    });
  }

  #each(selection: CircuitSelection, visit: EachCircuit): void {
    for (const [key, circuit] of this.#keyed.entries()) {
      if (this.#isMeant(key, selection)) visit(circuit);
    }
  }

  #isMeant(own: string | undefined, { key }: CircuitSelection): boolean {
    return key === undefined || (own !== undefined && own.startsWith(keyPrefix(key)));
  }
}
