import { OperoConfigurationError } from '../../core/errors/index.js';
import { show, unknownName } from '../../core/options/index.js';

const runKeys = ['signal', 'args'];

/** Throws if the arguments of `run`, `wrap` or `map` are invalid. */
export function validateWork(method: string, options: unknown, work: unknown): void {
  const where = `OperoService.${method}()`;
  const lines: string[] = [];
  const isOptions = typeof options === 'object' && options !== null && !Array.isArray(options);
  if (!isOptions && typeof options !== 'string')
    lines.push(
      `${where}: options: got ${show(options)}, allowed: an object with options, or a profile's name`,
    );
  if (typeof work !== 'function') lines.push(`${where}: work: got ${show(work)}, allowed: a function`);
  if (lines.length > 0) throw new OperoConfigurationError(lines, where);
}

/** Throws if the arguments of `run` are invalid. */
export function validateRun(options: unknown, work: unknown, run: unknown): void {
  validateWork('run', options, work);
  const where = 'OperoService.run()';
  if (typeof run !== 'object' || run === null) {
    throw new OperoConfigurationError(
      [`${where}: got ${show(run)} as its third argument, allowed: an object with signal and args`],
      where,
    );
  }
  const { signal, args } = run as Record<string, unknown>;
  const lines = Object.keys(run)
    .filter((key) => !runKeys.includes(key))
    .map((key) => `${where}: ${key}: ${unknownName(key, runKeys)}`);
  if (args !== undefined && !Array.isArray(args)) {
    lines.push(`${where}: args: got ${show(args)}, allowed: a list of arguments`);
  }
  if (signal !== undefined && !isSignal(signal)) {
    lines.push(`${where}: signal: got ${show(signal)}, allowed: an AbortSignal`);
  }
  if (lines.length > 0) throw new OperoConfigurationError(lines, where);
}

/** Whether it is an abort signal, from any realm or library. */
const isSignal = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'aborted' in value && 'addEventListener' in value;
