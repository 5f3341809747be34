import { createHash, createHmac } from 'node:crypto';

/**
 * The SHA-256 digest of a text in base64url; with a `secret` it cannot be computed from a guessed text (HMAC). UTF-16 keeps
 * lone surrogates apart.
 */
export const digestOfText = (text: string, secret?: string | Buffer): string =>
  (secret ? createHmac('sha256', secret) : createHash('sha256')).update(text, 'utf16le').digest('base64url');
