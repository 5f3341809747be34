import { pipelineEvents } from '../core/events/index.js';
import { show, unknownName, type Problem } from '../core/options/index.js';
import type { Strategy, StrategyDefinition } from '../core/strategy/index.js';
import { mapKeys } from '../map/index.js';
import { commonKeys } from './options.js';

/**
 * How far in strategies of a kind stand: the pipeline runs those of one kind together. Of the kinds that end in a timer, and
 * of hedges, a call has one.
 */
const DEPTHS: Record<Strategy['kind'], number> = {
  recover: 0,
  around: 0,
  'total-timeout': 1,
  repeat: 2,
  hedge: 3,
  gate: 4,
  'attempt-timeout': 5,
};

const OPEN_KINDS: readonly string[] = ['recover', 'around', 'repeat', 'gate'] satisfies Strategy['kind'][];

type Place = (message: string, field?: string) => void;

/** Puts strategies of an app's own among `order`, one after the other. Those that cannot be placed are left out. */
export function place(
  added: unknown,
  order: readonly StrategyDefinition[],
  problems: Problem[],
): StrategyDefinition[] {
  const placed = [...order];
  if (!Array.isArray(added)) {
    problems.push({ path: 'strategies', message: `got ${show(added)}, allowed: a list of strategies` });
    return placed;
  }
  for (const [index, definition] of added.entries()) {
    const report: Place = (message, field) =>
      problems.push({ path: `strategies[${index}]${field ? `.${field}` : ''}`, message });
    if (isShaped(definition, report) && isNew(definition, placed, report)) insert(definition, placed, report);
  }
  return placed;
}

const texts: readonly string[] = ['name', 'option', 'allowed'];

/** Whether it has all that a definition must have. */
function isShaped(definition: unknown, report: Place): definition is StrategyDefinition {
  if (typeof definition !== 'object' || definition === null) {
    report(`got ${show(definition)}, allowed: what defineStrategy() returned`);
    return false;
  }
  const given = definition as Record<string, unknown>;
  let complete = true;
  const refuse = (field: string, allowed: string): void => {
    report(`got ${show(given[field])}, allowed: ${allowed}`, field);
    complete = false;
  };
  for (const field of texts) {
    if (typeof given[field] !== 'string' || given[field] === '') refuse(field, 'a string that is not empty');
  }
  if (!OPEN_KINDS.includes(given.kind as string)) {
    refuse('kind', `one of ${OPEN_KINDS.map((kind) => `'${kind}'`).join(', ')}`);
  }
  if (typeof (given.schema as { entries?: unknown } | undefined)?.entries !== 'object') {
    refuse('schema', 'what checks.fields() returned');
  }
  if (typeof given.create !== 'function') refuse('create', 'a function');
  const { events = [] } = given;
  if (!Array.isArray(events) || !events.every((event) => typeof event === 'string')) {
    refuse('events', 'a list of names');
  }
  return complete;
}

/** Whether nothing has its names yet. */
function isNew(
  definition: StrategyDefinition,
  placed: readonly StrategyDefinition[],
  report: Place,
): boolean {
  if (placed.includes(definition)) {
    report(`got '${definition.name}' a second time, allowed: once`);
    return false;
  }
  const { name, option, events = [] } = definition;
  let isFree = true;
  const refuse = (field: string, got: string, whose: string): void => {
    report(`got '${got}', which ${whose} has, allowed: one of its own`, field);
    isFree = false;
  };
  if (name === 'method') refuse('name', name, 'the method');
  if ([...commonKeys, ...mapKeys, 'extends'].includes(option)) refuse('option', option, 'another option');
  for (const event of events) {
    if ((pipelineEvents as readonly string[]).includes(event)) refuse('events', event, 'every call');
  }
  for (const other of placed) {
    for (const [field, taken] of namesInCommon(definition, other))
      refuse(field, taken, field === 'name' ? 'another strategy' : `the strategy '${other.name}'`);
  }
  return isFree;
}

/** What two definitions have both, with the field it is in. */
function namesInCommon(one: StrategyDefinition, other: StrategyDefinition): [field: string, name: string][] {
  const found: [string, string][] = [];
  if (one.name === other.name) found.push(['name', one.name]);
  if (one.option === other.option) found.push(['option', one.option]);
  for (const event of one.events ?? []) {
    if (other.events?.includes(event)) found.push(['events', event]);
  }
  for (const code of Object.keys(one.errors ?? {})) {
    if (Object.hasOwn(other.errors ?? {}, code)) found.push(['errors', code]);
  }
  return found;
}

function insert(definition: StrategyDefinition, placed: StrategyDefinition[], report: Place): void {
  const { before, after, kind, name } = definition;
  if ((before === undefined) === (after === undefined)) {
    const given = before === undefined ? 'neither before nor after' : 'before and after';
    return report(`got ${given}, allowed: one of them, with the name of the strategy it stands next to`);
  }
  const anchor = (before ?? after) as string;
  const names = placed.map((other) => other.name);
  const found = names.indexOf(anchor);
  const side = before === undefined ? 'after' : 'before';
  if (found < 0) return report(unknownName(String(anchor), names), side);
  const index = before === undefined ? found + 1 : found;
  const depth = DEPTHS[kind];
  const outside = placed.slice(0, index).find((other) => DEPTHS[other.kind] > depth);
  const inside = placed.slice(index).find((other) => DEPTHS[other.kind] < depth);
  const wrong = outside ?? inside;
  if (wrong) {
    const where = outside ? `inside of '${wrong.name}'` : `outside of '${wrong.name}'`;
    const allowed = outside ? `outside of it` : `inside of it`;
    return report(
      `got '${anchor}', which puts '${name}', a strategy of kind '${kind}', ${where}, allowed: a place ${allowed}`,
      side,
    );
  }
  placed.splice(index, 0, definition);
}
