import * as z from 'zod';
import { AccountId, Token } from '../functions/core/account.ts';
import { notYetText, REFUSALS, UNAVAILABLE } from '../functions/events/handler.ts';
import { AppEvent, MAX_EVENTS } from '../functions/events/sources/standard-webhooks.ts';
import { EVENTS, REPLIES, refusalOf } from './events-examples.ts';
import { GATEWAY } from './gateway.ts';
import { json, ref, ruleOf, type Schema, schemaOf, type Words } from './schemas.ts';

const TOKEN = `${ruleOf(Token, '')}, in UTF-8.`;
const ACCOUNT = `${ruleOf(AccountId, '')}, in UTF-8.`;

const WORDS: Words = {
  id: 'The id of the event, the same on every attempt. Required in a list.',
  timestamp:
    'The time of the event, the same on every attempt. It decides the order of events. Without milliseconds a removal counts at the end of the second, a login at its beginning.',
  app: 'The app registration. Optional if the source has one app only.',
  platform: 'Must be the platform of the app.',
  token: TOKEN,
  old_token: TOKEN,
  account: ACCOUNT,
  account_type: "Part of the identity of an account. Default: the source's account type.",
  accounts:
    'Of a login: instead of account and account_type. Of a token change: the accounts on the new token; without it, those that are bound to the old token now.',
  mode: 'override: the token has exactly these accounts afterwards. append: the accounts are added.',
  scope:
    'token: the token loses every account. account: it loses the one named. session: only what session_id bound is removed, from the token, or of the account everywhere; one of them may be left out.',
  except: 'The session whose bindings stay.',
  expires_at: 'The end of the login: from then on the binding is not shown. Later than timestamp.',
  installation_id:
    'The installation of the app on a device. Its bindings on every other token end, as far as they are older than this login.',
  session_id:
    'Shared by a login and its logout. Once the logout was accepted, the login has no effect, whatever their times.',
};

const OUTCOMES = z.enum(['applied', 'superseded', 'refused', 'durable']);

const Reply = z.object({
  outcome: z.enum([...OUTCOMES.options, 'ignored']),
  events: z.array(z.object({ id: z.string(), outcome: OUTCOMES, reason: z.string().optional() })),
  ignored: z.record(z.string(), z.int()).optional(),
  request_id: z.string(),
});

const Refusal = z.object({
  code: z.enum([...Object.keys(REFUSALS), 'not_yet', 'unavailable']),
  message: z.string(),
  issues: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  request_id: z.string(),
});

export const EVENTS_SCHEMAS: Schema = {
  Event: schemaOf(AppEvent, WORDS),
  Events: {
    description: 'One event, or a list of events that is accepted whole or not at all.',
    anyOf: [
      ref('schemas', 'Event'),
      {
        type: 'array',
        minItems: 1,
        maxItems: MAX_EVENTS,
        items: {
          allOf: [
            ref('schemas', 'Event'),
            { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] },
          ],
        },
      },
    ],
  },
  EventsReply: schemaOf(Reply, {
    outcome:
      'applied: the next query sees it. superseded: a later event was applied before it. durable: it is on the queue. ignored: no event of an identity provider has an effect here.',
    events: 'In the order sent.',
    ignored: "Of an identity provider's: the number of events without an effect, by reason.",
  }),
  EventsRefusal: schemaOf(Refusal, { issues: 'The faults and their places. They never quote the request.' }),
};

type Code = keyof typeof REFUSALS;
// Object.keys widens the names of a literal object to text.
const CODES = Object.keys(REFUSALS) as Code[];

/** Returns the refusals by status, because a status may have several. */
function refusals(): Schema {
  const byStatus = Map.groupBy(CODES, (code) => REFUSALS[code].status);
  const responses = [...byStatus].map(([status, codes]) => {
    const description = codes.map((code) => `\`${code}\`: ${REFUSALS[code].message}.`).join(' ');
    const examples = Object.fromEntries(codes.map((code) => [code, refusalOf(code, REFUSALS[code].message)]));
    const headers = status === 405 && { headers: { allow: { schema: { const: 'POST' } } } };
    return [status, { description, ...headers, content: json(ref('schemas', 'EventsRefusal'), examples) }];
  });
  return Object.fromEntries(responses);
}

const accepted = (description: string, name: keyof typeof REPLIES): Schema => ({
  description,
  content: json(ref('schemas', 'EventsReply'), { [name]: REPLIES[name] }),
});

const send: Schema = {
  operationId: 'sendEvents',
  summary: 'Send events of an auth flow',
  description:
    'Signed as Standard Webhooks 1.0.0, symmetric scheme. After 429, 5xx or no answer, send the same body with the same webhook-id again: a late or repeated event does no harm.',
  tags: ['Events'],
  security: [{ webhookId: [], webhookTimestamp: [], webhookSignature: [] }],
  parameters: [
    { name: 'source', in: 'path', required: true, description: "A source's id.", schema: { type: 'string' } },
  ],
  requestBody: { required: true, content: json(ref('schemas', 'Events'), EVENTS) },
  responses: {
    200: accepted('Applied: the next query sees the change.', 'applied'),
    202: accepted('Durable: the events are on the queue and will be applied.', 'durable'),
    ...refusals(),
    ...GATEWAY,
    503: {
      description:
        '`not_yet`: a login is ahead of our clock. `unavailable`: it may or may not have been accepted. Send it again.',
      headers: { 'retry-after': { description: 'Seconds.', schema: { type: 'integer' } } },
      content: json(ref('schemas', 'EventsRefusal'), {
        not_yet: refusalOf('not_yet', notYetText(12)),
        unavailable: refusalOf('unavailable', UNAVAILABLE.unknown),
      }),
    },
  },
};

export const EVENTS_PATHS: Schema = { '/events/{source}': { post: send } };

const header = (name: string, description: string): Schema => ({ type: 'apiKey', in: 'header', name, description });

export const EVENTS_SECURITY: Schema = {
  webhookId: header(
    'webhook-id',
    "The message's id, the same on every attempt: 1 to 256 visible ASCII characters without a dot.",
  ),
  webhookTimestamp: header('webhook-timestamp', 'Seconds since 1970 of this attempt, within 5 minutes of our clock.'),
  webhookSignature: header(
    'webhook-signature',
    '`v1,` and the base64 of HMAC-SHA256(secret, `{webhook-id}.{webhook-timestamp}.{body}`); several, separated by spaces, during a change of the secret.',
  ),
};
