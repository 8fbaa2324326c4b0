import type { HttpReply, HttpRequest } from '../../lambda/request.ts';
import { effectIn, isoAt, listAt, textAt } from '../fields.ts';
import { type Fact, type Received, readJson, sourceKind } from '../source.ts';
import { authorizationFault, textKey } from '../text-secret.ts';

const EFFECTS = {
  'user.session.end': 'session ended',
  'user.session.clear': 'signed out everywhere',
  'user.authentication.universal_logout': 'signed out everywhere',
  'user.lifecycle.deactivate': 'signed out everywhere',
  'user.lifecycle.suspend': 'signed out everywhere',
  'user.lifecycle.delete.initiated': 'signed out everywhere',
  'user.account.update_password': 'signed out everywhere',
  'user.account.reset_password': 'signed out everywhere',
} as const;

/** Okta event hooks (https://developer.okta.com/docs/concepts/event-hooks/). */
export const kind = sourceKind({
  credential: 'ours',
  accounts: ['id', 'alternateId'],
  effects: EFFECTS,
  keyOf: textKey,
  // A refusal is not sent again, and Okta puts events of a short time into one request.
  maxBytes: 1024 * 1024,
  methods: ['POST', 'GET'],
  receiver:
    (_, { account }) =>
    (request, { keys }) => {
      const fault = authorizationFault(request, keys);
      if (fault === undefined && request.method === 'GET') return handshake(request);
      return readJson(fault, request, (body) => listAt(body, 'data', 'events').map((event) => factOf(event, account)));
    },
  reply: replyOf,
});

/** Okta asks once, with the secret, if the endpoint is ours. */
const handshake = ({ headers }: HttpRequest): Received => ({
  reply: {
    status: 200,
    body: { verification: headers['x-okta-verification-challenge'] ?? '' },
    line: { outcome: 'handshake' },
  },
});

/** A user ends the own session. All else is done to a user, by an administrator or by the same user. */
function factOf(event: unknown, field: string): Fact {
  const what = effectIn(EFFECTS, textAt(event, 'eventType'));
  const result = textAt(event, 'outcome', 'result') ?? 'SUCCESS';
  if (what === undefined || result !== 'SUCCESS') return { nothing: 'other_type' };
  const fact = { id: textAt(event, 'uuid') ?? '', at: isoAt(event, 'published') ?? ('arrival' as const), what };
  const isUser = (one: unknown) => textAt(one, 'type') === 'User';
  if (what === 'signed out everywhere')
    return { ...fact, account: textAt(listAt(event, 'target').find(isUser), field) };
  const account = textAt(event, 'actor', 'type') === 'User' ? textAt(event, 'actor', field) : undefined;
  return { ...fact, account, session: textAt(event, 'authenticationContext', 'externalSessionId') };
}

/** Okta wants 200 or 204, and no body after events. */
function replyOf(ours: HttpReply, { method }: HttpRequest): HttpReply {
  if (method === 'GET' || ours.status >= 300) return ours;
  return { status: 200, body: undefined, ...(ours.line && { line: ours.line }) };
}
