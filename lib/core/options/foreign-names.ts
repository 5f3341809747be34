/**
 * What options of other libraries are called here: p-retry, async-retry, cockatiel, opossum, resilience4j, Polly,
 * axios-retry, express-rate-limit, tenacity and Python's Opero. Written without case and underscores; of several
 * meanings the first that fits the place is suggested.
 */
const MEANINGS: Readonly<Record<string, string>> = {
  'retry.retries':
    'maxretries retrycount retrylimit numberofretries numofretries maxretry maxretryattempts attempts maxattempts numberofattempts numofattempts tries maxtries times',
  'retry.minDelay':
    'mintimeout initialdelay startingdelay delay waitduration initialinterval retrydelay basedelay wait interval mindelayms delayms',
  'retry.maxDelay':
    'maxtimeout maxinterval maxbackoff maxwaitduration backoffmax maxretrydelay maxwait maxdelayms',
  'retry.backoffFactor':
    'factor multiplier exponent timemultiple backoffmultiplier exponentialbackoffmultiplier exponentialbase',
  'retry.backoff': 'backofftype strategy backoffstrategy',
  'retry.jitter': 'randomize randomizedwait usejitter',
  'retry.retryOn':
    'shouldretry retryif retrycondition retryexceptions retryonexception exceptions retryerrors shouldhandle handle',
  'retry.retryOnResult': 'retryresult retryifresult',
  'retry.onRetry': 'onfailedattempt beforesleep',
  'timeout.attempt':
    'ms timeoutms timeoutduration timeoutinms duration limit requesttimeout attempttimeout pertry',
  'timeout.total': 'totaltimeout overalltimeout deadline max',
  'circuitBreaker.failureRate':
    'errorthresholdpercentage failureratethreshold threshold errorthreshold failureratio',
  'circuitBreaker.openDuration':
    'resettimeout halfopenafter waitdurationinopenstate breakduration durationofbreak recoverytimeout',
  'circuitBreaker.minimumCalls': 'volumethreshold minimumnumberofcalls minimumthroughput minimumrps',
  'circuitBreaker.window':
    'slidingwindow slidingwindowsize rollingcounttimeout samplingduration failurethreshold consecutivefailures',
  'circuitBreaker.halfOpenCalls': 'permittednumberofcallsinhalfopenstate halfopenmaxcalls',
  'circuitBreaker.slowCall': 'slowcalldurationthreshold',
  'circuitBreaker.slowCallRate': 'slowcallratethreshold',
  'circuitBreaker.failureOn': 'errorfilter recordexceptions isfailure',
  'bulkhead.concurrency': 'maxconcurrentcalls maxconcurrent capacity maxconcurrency limit',
  'bulkhead.queue': 'queuesize maxqueue maxqueuingactions queuelimit',
  'bulkhead.maxWait': 'maxwaitduration queuetimeout timeout',
  'rateLimit.limit':
    'limitforperiod permits max points requests maxrequests tokens calls permitlimit ratelimit',
  'rateLimit.interval': 'limitrefreshperiod duration ttl window period per timewindow windowms ms',
  'rateLimit.maxWait': 'timeoutduration timeout',
  'cache.ttl': 'cachettl maxage expiresin expiration expire ttlms lifetime duration timeout',
  'cache.key': 'keyfn cachekey keygenerator resolver keybuilder',
  'cache.staleIfError': 'stale grace',
  'cache.staleWhileRevalidate': 'swr revalidate',
  'hedge.delay': 'hedgedelay after',
  'hedge.maxHedges': 'maxhedgedattempts',
  fallback: 'fallbackto fallbackfn fallbackmethod fallbackvalue defaultvalue',
  circuitBreaker: 'circuit breaker',
  workers: 'concurrency maxworkers numworkers poolsize',
  stopOnError: 'failfast stoponerrors bail',
};

/** Counts the first call too, which `retries` does not. */
const COUNTS_FIRST = new Set(
  'attempts maxattempts numberofattempts numofattempts tries maxtries times'.split(' '),
);

const plain = (name: string): string => name.toLowerCase().replace(/[_-]/g, '');

const meanings = Object.entries(MEANINGS).map(([path, names]) => ({
  path,
  names: new Set(names.split(' ')),
}));

/** What `key` is called here, among the names that are allowed in its place; `undefined` if it is not known. */
export function ownNameOf(key: string, known: readonly string[]): string | undefined {
  const name = plain(key);
  const same = known.find((candidate) => plain(candidate) === name);
  if (same !== undefined) return same;
  const fitting = meanings
    .filter(({ names }) => names.has(name))
    .map(({ path }) => inPlace(path, known))
    .find((path) => path !== undefined);
  if (fitting === undefined) return undefined;
  return COUNTS_FIRST.has(name) && fitting.endsWith('retries')
    ? `${fitting}, which does not count the first call: ${key} - 1`
    : fitting;
}

/** A path as it is written in a place where `known` may be written. */
function inPlace(path: string, known: readonly string[]): string | undefined {
  const [option, field] = path.split('.') as [string, string?];
  if (known.includes(option)) return path;
  return field !== undefined && known.includes(field) ? field : undefined;
}
