export { ManualClock } from './manual-clock.js';
export { strategyContract, type ContractCase, type ContractSettings } from './strategy-contract.js';
