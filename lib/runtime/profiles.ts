import { show, type Problem } from '../core/options/index.js';
import { checkLayer, type Layer } from './layers.js';
import { standardStrategies, type StrategySet } from './strategy-set.js';
import type { OperoProfile } from './options.js';

/** The named options of an app. */
export class Profiles {
  readonly #profiles = new Map<string, OperoProfile>();
  readonly #broken = new Set<string>();

  constructor(private readonly strategies: StrategySet = standardStrategies) {}

  /** Adds profiles and returns their problems. `path` is where they were written. */
  add(profiles: Record<string, OperoProfile>, path: string): Problem[] {
    const problems: Problem[] = [];
    for (const [name, profile] of Object.entries(profiles)) {
      const at = `${path}.${name}`;
      if (this.#profiles.has(name)) {
        problems.push({ path: at, message: 'got a second profile of this name, allowed: one' });
        continue;
      }
      const isObject = typeof profile === 'object' && profile !== null && !Array.isArray(profile);
      const { extends: below, ...options } = isObject ? profile : ({} as OperoProfile);
      this.#profiles.set(name, isObject ? profile : {});
      const own = checkLayer(this.strategies, isObject ? options : profile, at);
      if (own.length > 0) this.#broken.add(name);
      problems.push(...own);
      if (below !== undefined && typeof below !== 'string') {
        problems.push({
          path: `${at}.extends`,
          message: `got ${show(below)}, allowed: the name of a profile`,
        });
      }
    }
    return problems;
  }

  /** What is wrong between profiles, once all are known. */
  checkReferences(): Problem[] {
    const problems: Problem[] = [];
    for (const [name, profile] of this.#profiles) {
      const below = profile.extends;
      if (typeof below !== 'string') continue;
      const path = `profiles.${name}.extends`;
      if (!this.#profiles.has(below)) problems.push({ path, message: this.#unknown(below) });
      else if (this.#isCircular(name)) {
        problems.push({
          path,
          message: `got '${below}', which builds on '${name}' itself, allowed: a profile that does not`,
        });
      }
    }
    return problems;
  }

  /** The problem of a name that no profile has. */
  check(name: string): Problem[] {
    return this.#profiles.has(name) ? [] : [{ path: 'profile', message: this.#unknown(name) }];
  }

  /** The layers of a profile, the farthest first. */
  layers(name: string): Layer[] {
    const layers: Layer[] = [];
    const seen = new Set<string>();
    for (let next: string | undefined = name; next !== undefined && !seen.has(next);) {
      seen.add(next);
      const profile: OperoProfile | undefined = this.#profiles.get(next);
      if (!profile) break;
      const { extends: below, ...options } = profile;
      // The problems of a profile are reported once, not for every method that uses it.
      if (!this.#broken.has(next)) layers.unshift({ from: `profile ${next}`, options });
      next = below;
    }
    return layers;
  }

  #unknown(name: string): string {
    const names = [...this.#profiles.keys()].join(', ') || 'none is defined';
    return `got '${name}', allowed: the name of a profile (${names})`;
  }

  #isCircular(name: string): boolean {
    let current: string | undefined = name;
    for (let steps = 0; current !== undefined && steps <= this.#profiles.size; steps++) {
      current = this.#profiles.get(current)?.extends;
      if (current === name) return true;
    }
    return false;
  }
}
