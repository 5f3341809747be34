export { linkSignal } from './abort-links.js';
export { Attempt } from './attempt.js';
export { runBare } from './bare-call.js';
export { appendCallSite, captureCallSite } from './call-site.js';
export { Call } from './call.js';
export type { CallIdentity, CallKind, CallOperation, Invocation } from './invocation.js';
export { currentScope, enclosingScope, runInside } from './async-context.js';
export { currentCall, findCurrentCall } from './current-call.js';
export { type CallNotes, NoteKey } from './notes.js';
export { REFUSED } from './outcomes.js';
export type { BeginStrategyWait, StrategyAttempt, StrategyCall } from './contracts.js';
export type { OperoCall } from './opero-call.js';
export {
  noteResponse,
  RespondingScope,
  type CacheFacts,
  type RateLimitFacts,
  type ResponseFacts,
} from './response-facts.js';
export { RootScope } from './root-scope.js';
export { Scope } from './scope.js';
export { attemptsAround, Contended, isOutermost, NestedWait, waitsForHolder } from './waits.js';
export { isWithdrawn, withdraw, withdrawRun } from './withdrawal.js';
export { Wait } from './wait.js';
