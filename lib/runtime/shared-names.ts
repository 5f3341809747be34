import type { Problem } from '../core/options/index.js';

/** The names under which operations share the state of a strategy: a limit, say. */
export class SharedNames {
  readonly #settings = new Map<string, string>();

  /** What is wrong with the names in these options: a name must stand for the same settings wherever it is used. */
  validate(options: ReadonlyMap<string, unknown>): Problem[] {
    const problems: Problem[] = [];
    for (const [option, resolved] of [...options, ...budgets(options)]) {
      const { name } = resolved as { name?: string };
      if (name === undefined) continue;
      const settings = JSON.stringify(resolved, withSources);
      const other = this.#settings.get(`${option} ${name}`);
      if (other === undefined) this.#settings.set(`${option} ${name}`, settings);
      else if (other !== settings)
        problems.push({ path: `${option}.name`, message: differs(name, settings, other) });
    }
    return problems;
  }
}

/** Functions count by their source, but for those that read a method's own arguments and errors. */
const withSources = (option: string, value: unknown): unknown =>
  typeof value === 'function' && option === 'openDuration' ? String(value) : value;

/** A retry budget is an option of its own inside another. */
const budgets = (options: ReadonlyMap<string, unknown>): [string, unknown][] => {
  const budget = (options.get('retry') as { budget?: unknown } | undefined)?.budget;
  return typeof budget === 'object' ? [['retry.budget', budget]] : [];
};

const differs = (name: string, settings: string, other: string): string =>
  `got '${name}' with ${settings}, allowed: what the first method with this name has, ${other}`;
