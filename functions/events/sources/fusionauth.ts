import { Buffer } from 'node:buffer';
import { createHmac, hash, type KeyObject } from 'node:crypto';
import * as z from 'zod/mini';
import { valueAt } from '../../lambda/issues.ts';
import { type Body, type HttpRequest, jsonIn } from '../../lambda/request.ts';
import { isGiven, msAt, textAt } from '../fields.ts';
import type { Fault } from '../signature.ts';
import { type Fact, readJson, sourceKind } from '../source.ts';
import { isOneText, textKey } from '../text-secret.ts';

/** FusionAuth (https://fusionauth.io/docs/extend/events-and-webhooks). `applicationId`: of the app, among others of a tenant. */
export const kind = sourceKind({
  credential: 'theirs',
  options: z.strictObject({ applicationId: z.optional(z.string().check(z.minLength(1))) }),
  accounts: ['id'],
  effects: {
    'user.delete.complete': 'signed out everywhere',
    'user.deactivate': 'signed out everywhere',
    'jwt.refresh-token.revoke, one token': 'session ended',
    'jwt.refresh-token.revoke, all of a user': 'signed out everywhere',
  },
  keyOf: textKey,
  receiver:
    ({ applicationId }) =>
    (request, { keys }) =>
      readJson(faultIn(request, keys), request, (body) => [factOf(valueAt(['event'], body), applicationId)]),
});

const HASHES: Readonly<Record<string, string>> = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' };

const NAME = 'x-fusionauth-signature-jwt';

/** The header is a JWT whose only claim is the digest of the body. It has no time. */
function faultIn({ headers, body }: HttpRequest, keys: readonly KeyObject[]): Fault | undefined {
  const token = headers[NAME] ?? '';
  if (token === '') return { fault: `${NAME} is missing` };
  const [head = '', claims = '', signature = '', ...more] = token.split('.');
  const algorithm = textAt(partOf(head), 'alg') ?? '';
  const digest = Object.hasOwn(HASHES, algorithm) ? HASHES[algorithm] : undefined;
  if (digest === undefined || more.length > 0)
    return { fault: `${NAME} is no JWT under HS256, HS384 or HS512: sign events with an HMAC key` };
  const right = keys.map((key) => createHmac(digest, key).update(`${head}.${claims}`).digest('base64url'));
  if (!isOneText(signature, right)) return { fault: `${NAME} is not signed with this secret`, isWrong: true };
  return textAt(partOf(claims), 'request_body_sha256') === digestOf(body)
    ? undefined
    : { fault: `${NAME} is of another body` };
}

const partOf = (text: string): unknown => jsonIn(Buffer.from(text, 'base64url'))?.value;

const digestOf = (body: Body): string => hash('sha256', body, 'base64');

function factOf(event: unknown, ownApplication: string | undefined): Fact {
  const [id, at] = [textAt(event, 'id') ?? '', msAt(event, 'createInstant') ?? ('arrival' as const)];
  const user = textAt(event, 'user', 'id') ?? textAt(event, 'userId');
  const everywhere = { id, at, what: 'signed out everywhere', account: user } as const;
  switch (textAt(event, 'type')) {
    case 'user.delete.complete':
    case 'user.deactivate':
      return everywhere;
    case 'jwt.refresh-token.revoke': {
      const session = textAt(event, 'refreshToken', 'id');
      if (isGiven(event, 'refreshToken')) return { ...everywhere, what: 'session ended', session };
      // All tokens of a user in one application, which may be another one.
      const isOther = isGiven(event, 'applicationId') && valueAt(['applicationId'], event) !== ownApplication;
      return isOther ? { nothing: 'other_type' } : everywhere;
    }
    default:
      return { nothing: 'other_type' };
  }
}
