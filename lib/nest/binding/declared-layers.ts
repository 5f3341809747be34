import type { Problem } from '../../core/options/index.js';
import type { Layer, Profiles } from '../../runtime/index.js';
import type { DecoratedMethod } from '../metadata/decorated-methods.js';
import { toLayer } from '../metadata/metadata.js';
import type { OperoModuleOptions } from '../options/module-options.js';

/** The layers of options of a decorated method. */
export interface DeclaredLayers {
  /** All layers that apply, the farthest first. */
  readonly layers: Layer[];
  /** The layers of its decorators alone. */
  readonly own: Layer[];
}

/** Collects the layers of a decorated method: module defaults, profiles, decorators. */
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
    // A name belongs to one operation: that of the class whose instances have the method under its own name.
    const layer = hidden ? { ...written, options: { ...written.options, name: undefined } } : written;
    layers.push(layer);
    own.push(layer);
  }
  return { layers, own };
}

/** The operation name given by the decorators. */
export const ownName = (layers: readonly Layer[]): string | undefined =>
  layers.findLast(({ options }) => typeof options.name === 'string')?.options.name;
