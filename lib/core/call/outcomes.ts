/** The result follows later: the call will be notified. */
export const PENDING = Symbol('pending');

/** A gate rejected the attempt. */
export const REFUSED = Symbol('refused');

/** Another attempt starts at once, without growing the call stack. */
export const AGAIN = Symbol('again');
