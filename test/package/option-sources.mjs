// Where the options of each table are: the interface with its doc comments, and the schema with its defaults.
const strategy = (name, type, file = name) => ({
  source: `lib/strategies/${name}/${file}.options.ts`,
  type,
});

/** By the name that stands in the marker of a page: `<!-- options: retry -->`. */
export const tables = {
  retry: { ...strategy('retry', 'RetryOptions'), schema: 'retrySchema' },
  budget: {
    source: 'lib/core/strategy/retry-budget.ts',
    type: 'RetryBudgetOptions',
    schema: 'budgetSchema',
    sample: {},
  },
  timeout: { ...strategy('timeout', 'TimeoutOptions'), schema: 'timeoutSchema' },
  fallback: { ...strategy('fallback', 'FallbackOptions'), schema: 'fallbackSchema', unchecked: ['value'] },
  argFallback: { ...strategy('arg-fallback', 'ArgFallbackOptions'), schema: 'argFallbackSchema' },
  cache: {
    ...strategy('cache', 'CacheOptions'),
    schema: 'cacheSchema',
    schemaSource: 'lib/strategies/cache/cache.schema.ts',
  },
  singleFlight: {
    ...strategy('cache', 'SingleFlightOptions', 'single-flight'),
    schema: 'singleFlightSchema',
  },
  hedge: { ...strategy('hedge', 'HedgeOptions'), schema: 'hedgeSchema' },
  circuitBreaker: { ...strategy('circuit-breaker', 'CircuitBreakerOptions'), schema: 'circuitBreakerSchema' },
  rateLimit: { ...strategy('rate-limit', 'RateLimitOptions'), schema: 'rateLimitSchema' },
  bulkhead: { ...strategy('bulkhead', 'BulkheadOptions'), schema: 'bulkheadSchema' },
  adaptive: {
    source: 'lib/strategies/bulkhead/bulkhead.options.ts',
    type: 'AdaptiveBounds',
    schema: 'adaptiveSchema',
  },
  opMap: { source: 'lib/map/map.options.ts', type: 'OpMapRunOptions', schema: 'mapSchema' },
  operation: {
    source: 'lib/runtime/options.ts',
    type: 'OperoOptions',
    schema: 'commonSchema',
    partial: true,
  },
  hooks: { source: 'lib/runtime/options.ts', type: 'OperoHooks', schema: 'commonSchema', partial: true },
};
