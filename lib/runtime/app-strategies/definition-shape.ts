import * as v from 'valibot';
import {
  callback,
  check,
  fields,
  flag,
  oneOf,
  satisfying,
  show,
  text,
  type Problem,
} from '../../core/options/index.js';
import type { StrategyDefinition, StrategyTrait } from '../../core/strategy/index.js';

/** The kinds that an app can write. An operation has one hedge and one time limit of each kind. */
const KINDS = ['recover', 'around', 'repeat', 'gate'] as const;

const TRAITS: readonly string[] = [
  'answers-failures',
  'shares-loads',
  'state-per-alternative',
] satisfies StrategyTrait[];

type Check = (value: unknown) => boolean;

const isListOf =
  (isItem: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(isItem) && new Set(value).size === value.length;
const isRecordOf =
  (isField: Check): Check =>
  (value) =>
    typeof value === 'object' && value !== null && Object.values(value).every(isField);

const isEvent: Check = (value) => typeof value === 'string' && value !== '' && value !== '*';
const isStatus: Check = (value) => Number.isInteger(value) && Number(value) >= 400 && Number(value) <= 599;
const isSchema: Check = (value) => typeof (value as Record<string, unknown> | null)?.['~run'] === 'function';
const isFields: Check = (value) =>
  isSchema(value) && isRecordOf(isSchema)((value as { entries?: unknown }).entries);

const maybe = (test: Check, allowed: string) => v.optional(satisfying(test, allowed));
const maybeFunction = () => v.optional(callback());

const definitionSchema = fields({
  name: text(),
  option: text(),
  kind: oneOf(KINDS),
  allowed: text(),
  schema: satisfying(isFields, 'what checks.fields() returned, with checks as its fields'),
  create: callback(),
  before: v.optional(text()),
  after: v.optional(text()),
  events: maybe(isListOf(isEvent), 'a list of different names'),
  hooks: maybe(isRecordOf(isListOf(isEvent)), 'the events of each field that holds a listener, as a list'),
  errors: maybe(isRecordOf(isStatus), 'an HTTP status from 400 to 599 for each code'),
  traits: maybe(
    isListOf((value) => TRAITS.includes(value as string)),
    `a list of ${TRAITS.join(', ')}`,
  ),
  staysOn: v.optional(flag()),
  shorthand: maybeFunction(),
  impliedBy: maybeFunction(),
  isStateful: maybeFunction(),
  facts: maybeFunction(),
  named: maybeFunction(),
  describe: maybeFunction(),
  validate: maybeFunction(),
  snapshot: maybeFunction(),
});

/** Adds what is wrong with a definition by itself to `problems`. Returns whether nothing is. */
export function isShaped(
  definition: unknown,
  path: string,
  problems: Problem[],
): definition is StrategyDefinition {
  if (typeof definition === 'object' && definition !== null && !Array.isArray(definition))
    return check(definitionSchema, definition, path, problems) !== undefined;
  problems.push({ path, message: `got ${show(definition)}, allowed: what defineStrategy() returned` });
  return false;
}
