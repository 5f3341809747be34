import type { OperoProfile } from '../../runtime/index.js';

/** The profiles added by a feature module. */
export class FeatureProfiles {
  constructor(readonly profiles: Record<string, OperoProfile>) {}
}
