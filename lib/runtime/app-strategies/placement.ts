import { pipelineEvents } from '../../core/events/index.js';
import { joinPath, show, unknownName, type Problem } from '../../core/options/index.js';
import type { Strategy, StrategyDefinition } from '../../core/strategy/index.js';
import { mapKeys } from '../../map/index.js';
import { commonKeys } from '../options.js';
import { isShaped } from './definition-shape.js';
import { guardedDefinition, originalOf } from './guarded-definition.js';

/**
 * The depth of each kind in the pipeline, which runs the strategies of one kind together. A call has one hedge and one time
 * limit of each kind.
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

type Report = (message: string, field?: string) => void;

/** Definitions that were added, in their order with the others, and the options of those that could not be placed. */
export interface Placed {
  readonly order: readonly StrategyDefinition[];
  readonly rejected: ReadonlySet<string>;
}

/** Adds the strategies of an app to `order`, each next to the one it names. Invalid ones are left out and reported. */
export function place(added: unknown, order: readonly StrategyDefinition[], problems: Problem[]): Placed {
  const rejected = new Set<string>();
  const placed = [...order];
  if (!Array.isArray(added)) {
    problems.push({ path: 'strategies', message: `got ${show(added)}, allowed: a list of strategies` });
    return { order: placed, rejected };
  }
  let waiting = added.map((definition: unknown, index) => ({ definition, path: `strategies[${index}]` }));
  const insertAll = (isReady: (definition: StrategyDefinition) => boolean): void => {
    waiting = waiting.filter(({ definition, path }) => {
      const before = problems.length;
      const report: Report = (message, field) =>
        problems.push({ path: joinPath(path, field ?? ''), message });
      if (isShaped(definition, path, problems)) {
        if (!isReady(definition)) return true;
        if (isNew(definition, placed, report)) insert(definition, placed, report);
      }
      const option: unknown = (definition as { option?: unknown } | null | undefined)?.option;
      if (problems.length > before && typeof option === 'string') rejected.add(option);
      return false;
    });
  };
  // A strategy may be placed next to one that comes later in the list.
  for (let left = Infinity; waiting.length > 0 && waiting.length < left;) {
    left = waiting.length;
    insertAll(({ before, after }) => {
      const anchor = before ?? after;
      return !anchor || placed.some(({ name }) => name === anchor);
    });
  }
  insertAll(() => true);
  for (const { option } of placed) rejected.delete(option);
  return { order: placed, rejected };
}

const reserved: ReadonlySet<string> = new Set([...commonKeys, ...mapKeys, 'extends', 'enabled']);

/** Whether its names are its own, and those it uses exist. */
function isNew(
  definition: StrategyDefinition,
  placed: readonly StrategyDefinition[],
  report: Report,
): boolean {
  if (placed.some((other) => originalOf(other) === definition)) {
    report(`got '${definition.name}' a second time, allowed: once`);
    return false;
  }
  const taken = [
    ...reservedNames(definition),
    ...placed.flatMap((other) => namesInCommon(definition, other)),
  ];
  for (const [field, name, whose] of taken)
    report(`got '${name}', which ${whose} has, allowed: one of its own`, field);
  const unheard = unknownEvents(definition, placed);
  for (const [field, event] of unheard)
    report(`got '${event}', allowed: an event of the strategy or of the pipeline`, `hooks.${field}`);
  return taken.length + unheard.length === 0;
}

type Taken = [field: string, name: string, whose: string];

function reservedNames({ name, option, events = [], errors = {} }: StrategyDefinition): Taken[] {
  const taken: Taken[] = name === 'method' ? [['name', name, 'the method']] : [];
  if (reserved.has(option) || option in Object.prototype) taken.push(['option', option, 'another option']);
  for (const event of events) {
    if ((pipelineEvents as readonly string[]).includes(event)) taken.push(['events', event, 'every call']);
  }
  for (const code of Object.keys(errors)) {
    if (code.startsWith('OPERO_')) taken.push(['errors', code, 'this library']);
  }
  return taken;
}

/** What two definitions have both. */
function namesInCommon(one: StrategyDefinition, other: StrategyDefinition): Taken[] {
  const taken: Taken[] = [];
  const whose = `the strategy '${other.name}'`;
  if (one.name === other.name) taken.push(['name', one.name, 'another strategy']);
  if (one.option === other.option) taken.push(['option', one.option, whose]);
  for (const event of one.events ?? []) {
    if (other.events?.includes(event)) taken.push(['events', event, whose]);
  }
  for (const code of Object.keys(one.errors ?? {})) {
    if (Object.hasOwn(other.errors ?? {}, code)) taken.push(['errors', code, whose]);
  }
  return taken;
}

/** Hooks for events that do not exist. */
function unknownEvents(
  { hooks = {}, events = [] }: StrategyDefinition,
  placed: readonly StrategyDefinition[],
): [field: string, event: string][] {
  const known = new Set([...pipelineEvents, ...events, ...placed.flatMap((other) => other.events ?? [])]);
  return Object.entries(hooks).flatMap(([field, names]) =>
    names.filter((event) => !known.has(event)).map((event): [string, string] => [field, event]),
  );
}

function insert(definition: StrategyDefinition, placed: StrategyDefinition[], report: Report): void {
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
  placed.splice(index, 0, guardedDefinition(definition));
}
