import * as z from 'zod/mini';
import { issuerOptions } from '../../core/identity.ts';
import { keySetOf } from '../../jwt/keys.ts';
import { verified } from '../../jwt/verify.ts';
import type { HttpReply } from '../../lambda/request.ts';
import { effectIn, isGiven, listAt, msAt, secondsAt, textAt } from '../fields.ts';
import { type Fact, type Received, sourceKind } from '../source.ts';

const EFFECTS = {
  'session-revoked of a session': 'session ended',
  'session-revoked of a user': 'signed out everywhere',
  'credential-change of a password': 'signed out everywhere',
  'account-disabled': 'signed out everywhere',
  'account-purged': 'signed out everywhere',
  'account-credential-change-required': 'signed out everywhere',
  'credential-compromise': 'signed out everywhere',
  'identifier-changed': 'signed out everywhere',
  'identifier-recycled': 'signed out everywhere',
  'sessions-revoked': 'signed out everywhere',
  'tokens-revoked': 'signed out everywhere',
} as const;

/** The last part is the type. Google's types of OAuth have a family of their own. */
const TYPE = /^https:\/\/schemas\.openid\.net\/secevent\/(?:caep|risc|oauth)\/event-type\/([a-z-]+)$/;

const JWS = /^[\w-]+\.[\w-]+\.[\w-]*$/;

/** `subjectIssuer`: the `iss` of subjects, if it is another than the transmitter's. */
const Options = z.strictObject({ ...issuerOptions, subjectIssuer: z.optional(issuerOptions.issuer) });

/** Shared Signals Framework by push (RFC 8935), with the events of CAEP and RISC: Okta, Keycloak, Google and others. */
export const kind = sourceKind({
  credential: 'published',
  options: Options,
  accounts: ['sub', 'id', 'email', 'phone_number'],
  effects: EFFECTS,
  receiver: (options, { account, ...ports }) => {
    const keys = keySetOf(options, ports);
    const naming: Naming = { account, issuer: options.subjectIssuer ?? options.issuer };
    return async ({ body }, { nowMs }) => {
      const token = body.toString().trim();
      if (!JWS.test(token)) return refused('invalid_request', 'the body is no signed JWT');
      const read = await verified(token, keys, { ...options, nowMs, isHistory: true });
      return 'fault' in read ? refused(errOf(read.claim), `the token ${read.fault}`) : factsIn(read.claims, naming);
    };
  },
  reply: replyOf,
});

/** A code of RFC 8935 §2.4. */
const errOf = (claim: string | undefined): string => {
  if (claim === undefined) return 'invalid_key';
  return claim === 'iss' ? 'invalid_issuer' : claim === 'aud' ? 'invalid_audience' : 'invalid_request';
};

const ENGLISH = { 'content-language': 'en' };

const refused = (err: string, fault: string): Received => ({
  reply: {
    status: 400,
    headers: ENGLISH,
    body: { err, description: fault },
    line: { outcome: 'refused', reason: 'not_signed', fault },
  },
});

type Naming = { readonly account: string; readonly issuer: string };

function factsIn(claims: object, naming: Naming): Received {
  const events: unknown = Reflect.get(claims, 'events');
  if (typeof events !== 'object' || events === null || Array.isArray(events))
    return refused('invalid_request', 'the token has no object "events": it is no security event token');
  return { facts: Object.entries(events).map(([uri, event]) => factOf(uri, event, claims, naming)) };
}

/** Okta writes milliseconds: as seconds they would be too late for any time. */
const timeOf = (event: unknown, claims: object) =>
  secondsAt(event, 'event_timestamp') ??
  msAt(event, 'event_timestamp') ??
  secondsAt(claims, 'toe') ??
  secondsAt(claims, 'iat') ??
  ('arrival' as const);

function factOf(uri: string, event: unknown, claims: object, naming: Naming): Fact {
  const { user, session, isPart } = subjectOf(claims, event, naming);
  const type = typeOf(TYPE.exec(uri)?.[1], event, isPart);
  const what = effectIn(EFFECTS, type);
  if (what === undefined) return { nothing: 'other_type' };
  return { id: textAt(claims, 'jti') ?? '', at: timeOf(event, claims), what, account: user, session };
}

/** Tells apart what a type leaves open. A stranger with wrong passwords can lock an account: it ends no session. */
function typeOf(type: string | undefined, event: unknown, isPart: boolean): string | undefined {
  if (type === 'session-revoked') return isPart ? `${type} of a session` : `${type} of a user`;
  if (type === 'credential-change') {
    const isNew = textAt(event, 'change_type') === 'create';
    return isNew ? undefined : `${type} of a ${textAt(event, 'credential_type')}`;
  }
  if (type === 'account-disabled' && textAt(event, 'reason') === 'disabled-by-bruteforce') return undefined;
  return type;
}

/**
 * Reads the subject: `sub_id` of the token, or in older forms `subject` of the event or `sub` of the token. `isPart`: it is
 * about a session, a device or an application, and not about the whole user.
 */
function subjectOf(claims: object, event: unknown, naming: Naming) {
  const subject: unknown = objectAt(claims, 'sub_id') ??
    objectAt(event, 'subject') ?? { sub: Reflect.get(claims, 'sub') };
  const session = ['id', 'sub', 'jti', 'assertion_id'].map((name) => textAt(subject, 'session', name)).find(Boolean);
  return {
    user: accountIn(objectAt(subject, 'user') ?? subject, naming),
    session,
    isPart: ['session', 'device', 'application'].some((name) => isGiven(subject, name)),
  };
}

function objectAt(body: unknown, name: string): object | undefined {
  const value: unknown = Reflect.get(Object(body), name);
  return typeof value === 'object' && value !== null ? value : undefined;
}

/** A `sub` of another issuer is another name. Of `aliases` the first that has the field counts. */
function accountIn(subject: unknown, { account, issuer }: Naming): string | undefined {
  const isOther = (one: unknown) => account === 'sub' && (textAt(one, 'iss') ?? issuer) !== issuer;
  const names = [subject, ...listAt(subject, 'identifiers')].map((one) =>
    isOther(one) ? undefined : textAt(one, account),
  );
  return names.find((name) => name !== undefined);
}

/** The answers of RFC 8935 §2.2 and §2.3. */
function replyOf(ours: HttpReply): HttpReply {
  const { status, body, headers } = ours;
  if (status < 300) return { ...ours, status: 202, body: undefined };
  const isOther = (status !== 400 && status !== 401) || textAt(body, 'err') !== undefined;
  if (isOther) return ours;
  const description = textAt(body, 'message') ?? '';
  return { ...ours, headers: { ...headers, ...ENGLISH }, status: 400, body: { err: 'invalid_request', description } };
}
