import { createHash } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';

/** The parts of Fastify that are used. */
interface FastifyLike {
  addHook(
    name: 'onSend',
    hook: (request: RequestLike, reply: ReplyLike, payload: unknown) => Promise<unknown>,
  ): void;
}

interface RequestLike {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

interface ReplyLike {
  readonly raw: object;
  readonly statusCode: number;
  getHeader(name: string): unknown;
  header(name: string, value: string): unknown;
  removeHeader(name: string): unknown;
  code(status: number): unknown;
}

/**
 * Gives responses of cached routes an `ETag` of their body, and answers `If-None-Match` with 304. Express does both by
 * itself; Fastify gets a hook, which leaves all other responses as they are.
 */
export class EntityTags {
  readonly #wanted = new WeakSet<object>();

  /** Call it before the app listens. */
  install(adapter: AbstractHttpAdapter | undefined): void {
    if (adapter?.getType() !== 'fastify') return;
    const instance = adapter.getInstance<FastifyLike>();
    try {
      instance.addHook('onSend', async (request, reply, payload) =>
        this.#wanted.has(reply.raw) ? tagged(request, reply, payload) : payload,
      );
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      new Logger('Opero').warn(`Cached routes have no ETag, because Fastify takes no more hooks: ${why}`);
    }
  }

  want(response: object): void {
    this.#wanted.add((response as { raw?: object }).raw ?? response);
  }
}

/** The payload, or nothing if the client has it. */
function tagged(request: RequestLike, reply: ReplyLike, payload: unknown): unknown {
  if (reply.statusCode !== 200 || !(typeof payload === 'string' || Buffer.isBuffer(payload))) return payload;
  let tag = reply.getHeader('etag');
  if (tag === undefined) {
    tag = `W/"${createHash('sha1').update(payload).digest('base64url')}"`;
    reply.header('etag', tag as string);
  }
  if (!matches(request.headers['if-none-match'], String(tag))) return payload;
  reply.code(304);
  for (const name of ['content-length', 'content-type']) reply.removeHeader(name);
  return null;
}

/** The weak comparison of RFC 9110, section 8.8.3.2. */
function matches(given: string | string[] | undefined, tag: string): boolean {
  if (given === undefined) return false;
  const weak = (one: string): string => one.trim().replace(/^W\//, '');
  return String(given)
    .split(',')
    .some((one) => one.trim() === '*' || weak(one) === weak(tag));
}
