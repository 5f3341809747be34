import { OperoConfigurationError } from '../../core/errors/index.js';
import { show, unknownName } from '../../core/options/index.js';

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const SOURCES = ['useFactory', 'useClass', 'useExisting'] as const;
const ASYNC_KEYS: readonly string[] = [...SOURCES, 'strategies', 'imports', 'inject'];

/** Throws if `forRootAsync` got no source of options. */
export function validateAsync(options: object): void {
  const where = 'OperoModule.forRootAsync()';
  const reject = (what: string): never => {
    throw new OperoConfigurationError([`${where}: ${what}`]);
  };
  if (!isObject(options)) {
    reject(`got ${show(options)}, allowed: an object with useFactory, useClass or useExisting`);
  }
  const unknown = Object.keys(options).filter((key) => !ASYNC_KEYS.includes(key));
  if (unknown.length > 0) {
    const lines = unknown.map((key) => `${where}: ${key}: ${unknownName(key, ASYNC_KEYS)}`);
    throw new OperoConfigurationError(lines);
  }
  const written = options as Record<string, unknown>;
  const given = SOURCES.filter((source) => written[source] !== undefined);
  if (given.length === 0) reject('got none of them, allowed: useFactory, useClass or useExisting');
  if (given.length > 1) reject(`got ${given.join(' and ')}, allowed: one of them`);
  for (const source of given) {
    if (typeof written[source] !== 'function') {
      reject(
        `${source}: got ${show(written[source])}, allowed: a ${source === 'useFactory' ? 'function' : 'class'}`,
      );
    }
  }
}

/** Throws if `forFeature` got no profiles. */
export function validateFeature(options: unknown): void {
  const { profiles: given, ...others } = isObject(options) ? options : { profiles: undefined };
  const lines = Object.keys(others).map(
    (key) => `OperoModule.forFeature(): ${key}: ${unknownName(key, ['profiles'])}`,
  );
  if (!isObject(given)) {
    const got = isObject(options) ? `profiles: got ${show(given)}` : `got ${show(options)}`;
    lines.push(`OperoModule.forFeature(): ${got}, allowed: { profiles: { name: options } }`);
  }
  if (lines.length > 0) throw new OperoConfigurationError(lines);
}
