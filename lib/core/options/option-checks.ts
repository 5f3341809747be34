import { inspect } from 'node:util';
import * as v from 'valibot';
import { ownNameOf } from './foreign-names.js';

/** One thing that is wrong with a set of options. */
export interface Problem {
  /** Where, as `retry.retries`. */
  readonly path: string;
  /** What was given and what is allowed. */
  readonly message: string;
  /** Whether nothing was given where something must be. */
  readonly missing?: boolean;
}

/** The path of `field` below `path`; either may be empty. */
export const joinPath = (...parts: readonly string[]): string => parts.filter(Boolean).join('.');

/** Problems as lines of an error message. `where` is the method, or the function of ours that was called. */
export const linesOf = (where: string, problems: readonly Problem[]): string[] =>
  problems.map(({ path, message }) => `${where}: ${path || 'options'}: ${message}`);

/** A number without fraction, from `min` to `max`. */
export const wholeNumber = (min: number, max = Number.MAX_SAFE_INTEGER) => {
  const allowed =
    max === Number.MAX_SAFE_INTEGER ? `a whole number >= ${min}` : `a whole number from ${min} to ${max}`;
  return v.pipe(v.number(allowed), v.integer(allowed), v.minValue(min, allowed), v.maxValue(max, allowed));
};

/** A finite number from `min` up. */
export const numberFrom = (min: number, what = `a number >= ${min}`) =>
  v.pipe(v.number(what), v.finite(what), v.minValue(min, what));

/** A duration in ms, greater than 0 and finite. */
export const duration = () => {
  const allowed = 'a duration in ms, greater than 0';
  return v.pipe(v.number(allowed), v.finite(allowed), v.gtValue(0, allowed));
};

/** A duration in ms that may be 0. */
export const durationOrNone = () => numberFrom(0, 'a duration in ms, 0 or more');

/** A number from 0 to 1. */
export const ratio = () => {
  const allowed = 'a number from 0 to 1';
  return v.pipe(v.number(allowed), v.minValue(0, allowed), v.maxValue(1, allowed));
};

/** One of a few words. */
export const oneOf = <const W extends readonly string[]>(words: W) =>
  v.picklist(words, `one of ${words.map((word) => `'${word}'`).join(', ')}`);

/** A function, whose signature only the compiler can check. */
export const callback = <F>() => v.custom<F>((value) => typeof value === 'function', 'a function');

/** How many keys a strategy keeps state for. */
export const keyCount = () => wholeNumber(1, 1_000_000);

/** True or false. */
export const flag = () => v.boolean('true or false');

/** A string that is not empty. */
export const text = () => v.pipe(v.string('a string'), v.nonEmpty('a string that is not empty'));

/** A value that passes `test`; `allowed` says which do. */
export const satisfying = <T>(test: (value: unknown) => boolean, allowed: string) =>
  v.custom<T>(test, allowed);

/** The fields of an option; any other key is a problem. */
export const fields = <E extends v.ObjectEntries>(entries: E) =>
  v.strictObject(entries, 'an object with options');

/** Checks `value` and reports everything that is wrong with it under `path`. */
export function check<S extends v.GenericSchema>(
  schema: S,
  value: unknown,
  path: string,
  problems: Problem[],
): v.InferOutput<S> | undefined {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  for (const issue of result.issues) {
    for (const problem of toProblems(issue, schema, value, path)) {
      const isTold = problems.some((told) => told.path === problem.path && told.message === problem.message);
      if (!isTold) problems.push(problem);
    }
  }
  return undefined;
}

type Entries = Record<string, { message?: unknown }>;

/** The fields that may be written where `keys` lead to. */
function entriesAt(schema: any, keys: readonly string[], input: any): Entries {
  if (schema?.wrapped) return entriesAt(schema.wrapped, keys, input);
  if (schema?.type === 'lazy') return entriesAt(schema.getter(input), keys, input);
  if (schema?.type === 'variant') {
    const chosen = schema.options.find(
      (option: any) => option.entries[schema.key]?.literal === input?.[schema.key],
    );
    return entriesAt(chosen, keys, input);
  }
  const [key, ...rest] = keys;
  const entries = (schema?.entries ?? {}) as Entries;
  return key === undefined ? entries : entriesAt(entries[key], rest, input?.[key]);
}

function toProblems(
  issue: v.BaseIssue<unknown>,
  schema: v.GenericSchema,
  value: unknown,
  base: string,
): Problem[] {
  const keys = issue.path?.map(({ key }) => String(key)) ?? [];
  if (issue.type !== 'strict_object' || issue.expected !== 'never') {
    return [toProblem(issue, schema, value, base, keys)];
  }
  // The check stops at the first name that is unknown: the others are found here.
  const place = keys.slice(0, -1);
  const known = Object.keys(entriesAt(schema, place, value));
  const written = issue.path?.at(-1)?.input as object;
  return Object.keys(written)
    .filter((key) => !known.includes(key))
    .map((key) => ({
      path: joinPath(base, ...place, key),
      message: unknownName(key, known),
    }));
}

function toProblem(
  issue: v.BaseIssue<unknown>,
  schema: v.GenericSchema,
  value: unknown,
  base: string,
  keys: readonly string[],
): Problem {
  const path = joinPath(base, ...keys);
  if (issue.type === 'strict_object' && keys.length > 0) {
    const missing = entriesAt(schema, keys.slice(0, -1), value)[keys.at(-1)!];
    return { path, message: `got nothing, allowed: ${String(missing?.message)}`, missing: true };
  }
  return { path, message: `got ${show(issue.input)}, allowed: ${issue.message}` };
}

/** Says that `key` is no option and which one may have been meant. */
export function unknownName(key: string, known: readonly string[]): string {
  const closest =
    ownNameOf(key, known) ??
    known.find((candidate) => distance(key.toLowerCase(), candidate.toLowerCase()) <= 2);
  const hint = closest ? ` (did you mean ${closest}?)` : '';
  return `got an unknown name${hint}, allowed: ${known.join(', ')}`;
}

/** A value as an error message shows it: short, and never a long object. */
export function show(value: unknown): string {
  if (typeof value === 'function') return value.name ? `function ${value.name}` : 'a function';
  const shown = inspect(value, { depth: 0, breakLength: Infinity, maxStringLength: 60, maxArrayLength: 4 });
  return shown.length > 90 ? `${shown.slice(0, 87)}...` : shown;
}

/** How many letters must be changed, added or removed to get from one word to another (Levenshtein). */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}

/** Whether `value` is an object with all these methods. */
export const hasMethods = (value: unknown, names: readonly string[]): boolean =>
  typeof value === 'object' &&
  value !== null &&
  names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function');
