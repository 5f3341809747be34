/** Says that an answer comes later: the call will be told. */
export const PENDING = Symbol('pending');

/** Says that a gate does not let an attempt in. */
export const REFUSED = Symbol('refused');

/** Says that another attempt begins at once, without one more call on the stack. */
export const AGAIN = Symbol('again');
