import type { Problem } from '../../core/options/index.js';
import type { Layer, Profiles } from '../../runtime/index.js';
import type { DecoratedMethod } from '../metadata/decorated-methods.js';
import { toLayer } from '../metadata/metadata.js';
import type { OperoModuleOptions } from '../options/module-options.js';

/** The options of a decorated method as they were written. */
export interface DeclaredLayers {
  /** All that hold for it, the farthest first. */
  readonly layers: Layer[];
  /** Those of its decorators alone. */
  readonly own: Layer[];
}

/** Gathers the options of a decorated method: the module's defaults, its profiles, its decorators. */
export function declaredLayers(
  { declarations, hidden }: DecoratedMethod,
  defaults: OperoModuleOptions['defaults'],
  profiles: Profiles,
  problems: Problem[],
): DeclaredLayers {
  const layers: Layer[] = defaults ? [{ from: 'defaults', options: defaults }] : [];
  const own: Layer[] = [];
  for (const { declaration, where } of declarations) {
    if (declaration.profile !== undefined) {
      problems.push(...profiles.check(declaration.profile));
      layers.push(...profiles.layers(declaration.profile));
    }
    const written = toLayer(declaration, where);
    // A name belongs to one operation: to that of the class whose instances have the method under its own name.
    const layer = hidden ? { ...written, options: { ...written.options, name: undefined } } : written;
    layers.push(layer);
    own.push(layer);
  }
  return { layers, own };
}

/** The name that its decorators give the operation. */
export const ownName = (layers: readonly Layer[]): string | undefined =>
  layers.findLast(({ options }) => typeof options.name === 'string')?.options.name;
