import type { OperoProfile } from '../../runtime/index.js';

/** Profiles that a feature module brings along. */
export class FeatureProfiles {
  constructor(readonly profiles: Record<string, OperoProfile>) {}
}
