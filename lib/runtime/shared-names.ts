import { joinPath, type Problem } from '../core/options/index.js';
import type { StrategySet } from './strategy-set.js';

/** The names under which operations share the state of a strategy, such as a rate limit. */
export class SharedNames {
  readonly #settings = new Map<string, string>();

  /** Returns the problems of names in these options: a name must have the same settings wherever it is used. */
  validate(options: ReadonlyMap<string, unknown>, { byOption }: StrategySet): Problem[] {
    const problems: Problem[] = [];
    for (const [option, resolved] of options) {
      const named = byOption.get(option)?.named?.(resolved) ?? { '': resolved };
      for (const [path, settings] of Object.entries(named)) {
        const at = joinPath(option, path);
        const problem = this.#validate(at, settings as { name?: string });
        if (problem) problems.push(problem);
      }
    }
    return problems;
  }

  #validate(path: string, named: { name?: string }): Problem | undefined {
    const { name } = named;
    if (name === undefined) return undefined;
    const settings = JSON.stringify(named);
    const other = this.#settings.get(`${path} ${name}`);
    if (other === undefined) this.#settings.set(`${path} ${name}`, settings);
    else if (other !== settings) return { path: `${path}.name`, message: differs(name, settings, other) };
    return undefined;
  }
}

const differs = (name: string, settings: string, other: string): string =>
  `got '${name}' with ${settings}, allowed: what the first method with this name has, ${other}`;
