import { digestOfText } from '../../core/values/index.js';

/** How many classes are told apart. */
const MOST = 10_000;

/** What is known of a class: what stands for it in keys, or why none of its instances can be part of one. */
export type KeyClass = { readonly label: string } | { readonly refused: string };

/** What of a class is the same wherever it is asked; a class is read once. */
const described = new WeakMap<object, KeyClass>();

/**
 * Classes whose instances are data and nothing else, as the DTOs of an app: neither they nor their parents have methods,
 * accessors or private fields. They are known by name and source, which are the same in every process of the app. Of two
 * classes that have both in common, the second is refused.
 */
export class KeyClasses {
  readonly #known = new Map<string, WeakRef<object>>();

  /** What stands for the class of `prototype` in a key. */
  of(prototype: object): KeyClass {
    let known = described.get(prototype);
    if (!known) described.set(prototype, (known = describe(prototype)));
    if ('refused' in known) return known;
    const first = this.#known.get(known.label)?.deref();
    if (first === prototype) return known;
    const name = nameOf(prototype);
    if (first) return { refused: `an instance of one of two classes that are both called ${name}` };
    if (this.#known.size >= MOST) return { refused: `an instance of one of more than ${MOST} classes` };
    this.#known.set(known.label, new WeakRef(prototype));
    return known;
  }
}

function describe(prototype: object): KeyClass {
  const refused = `an instance of ${nameOf(prototype)}`;
  const sources: string[] = [];
  for (let current: object | null = prototype; current !== Object.prototype;) {
    const type = current && classOf(current);
    if (!type) return { refused };
    const source = Function.prototype.toString.call(type);
    if (hidesFields(source)) return { refused: `${refused}, which has private fields,` };
    sources.push(`${type.name}\n${source}`);
    current = Object.getPrototypeOf(current) as object | null;
  }
  const name = nameOf(prototype);
  if (name === '' || name === 'a class') return { refused: 'an instance of a class without a name' };
  return { label: `${name}/${digestOfText(sources.join('\n'))}` };
}

/** The class that a prototype belongs to, if there is nothing else on it. */
function classOf(prototype: object): { readonly name: string } | undefined {
  const own = Reflect.ownKeys(prototype);
  const type = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value as unknown;
  if (own.length !== 1 || typeof type !== 'function') return undefined;
  return (type as { prototype?: unknown }).prototype === prototype ? type : undefined;
}

const PRIVATE = /(?:^|[.\s;{}(!?])#[\p{L}_$]|__private[A-Z]|_classPrivate|_class_private/u;

/** What is private cannot be seen, but that something is can: a name after `#`, or what compilers make of it. */
export const hidesFields = (source: string): boolean => PRIVATE.test(source);

function nameOf(prototype: object): string {
  const type = (prototype as { constructor?: unknown }).constructor;
  return (typeof type === 'function' && type.name) || 'a class';
}
