export { checks } from './checks.js';
export {
  callback,
  check,
  duration,
  durationOrNone,
  fields,
  flag,
  keyCount,
  numberFrom,
  oneOf,
  type Problem,
  ratio,
  satisfying,
  show,
  text,
  unknownName,
  wholeNumber,
} from './option-checks.js';
