import * as z from 'zod';
import { AccountId, Token } from '../functions/core/account.ts';
import { REFUSALS } from '../functions/events/handler.ts';
import { AppEvent, MAX_EVENTS } from '../functions/events/sources/standard-webhooks.ts';
import { EVENTS, REPLIES, refusalOf } from './events-examples.ts';
import { json, ref, ruleOf, type Schema, schemaOf, type Words } from './schemas.ts';

const TOKEN = `${ruleOf(Token, '')}, in UTF-8.`;
const ACCOUNT = `${ruleOf(AccountId, '')}, in UTF-8.`;

const WORDS: Words = {
  id: 'Of the event; an event of a list has one. It is the same on every attempt.',
  timestamp: 'When it happened, to the millisecond: it decides the order of events, and is the same on every attempt.',
  app: 'The app registration. May be left out where the source reaches one app only.',
  platform: 'Has to be the platform of the app.',
  token: TOKEN,
  old_token: TOKEN,
  account: ACCOUNT,
  account_type: "Part of the identity of an account; the source's default where it is left out.",
  accounts: 'In place of account and account_type.',
  mode: 'override: the token ends with exactly these accounts. append: they are added.',
  scope: 'token: the token loses every account. account: it loses the one named.',
  session_id: 'Shared by a login and its logout: the login is dead once the logout was seen, whatever the times say.',
};

const Reply = z.object({
  outcome: z.enum(['applied', 'durable']),
  events: z.array(z.object({ id: z.string(), outcome: z.enum(['applied', 'superseded', 'durable']) })),
  request_id: z.string(),
});

const Refusal = z.object({
  code: z.enum([...Object.keys(REFUSALS), 'unavailable']),
  message: z.string(),
  issues: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  request_id: z.string(),
});

export const EVENTS_SCHEMAS: Schema = {
  Event: schemaOf(AppEvent, WORDS),
  Events: {
    description: 'One event, or a list of them that is accepted whole or not at all.',
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
      'applied: the next query sees it. superseded: a later event was there already. durable: it is on the queue.',
    events: 'In the order sent.',
  }),
  EventsRefusal: schemaOf(Refusal, { issues: 'What is wrong, and where. It never repeats what was sent.' }),
};

type Code = keyof typeof REFUSALS;
// Object.keys widens the names of a literal object to text.
const CODES = Object.keys(REFUSALS) as Code[];

/** A status may have several refusals. */
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
  summary: 'Say what happened in an auth flow',
  description:
    'Signed as Standard Webhooks 1.0.0, symmetric scheme. Send again on 5xx and on no answer, with the same webhook-id and the same body: a late or repeated event does no harm.',
  tags: ['Events'],
  security: [{ webhookId: [], webhookTimestamp: [], webhookSignature: [] }],
  parameters: [
    { name: 'source', in: 'path', required: true, description: "A source's id.", schema: { type: 'string' } },
  ],
  requestBody: { required: true, content: json(ref('schemas', 'Events'), EVENTS) },
  responses: {
    200: accepted('In effect: the next query sees it.', 'applied'),
    202: accepted('On the queue, and in effect soon.', 'durable'),
    ...refusals(),
    429: ref('responses', 'TooManyRequests'),
    503: {
      description: 'Nothing was accepted; send it again.',
      headers: { 'retry-after': { description: 'Seconds.', schema: { type: 'integer' } } },
      content: json(ref('schemas', 'EventsRefusal'), {
        unavailable: refusalOf('unavailable', 'nothing was accepted; send it again'),
      }),
    },
  },
};

export const EVENTS_PATHS: Schema = { '/events/{source}': { post: send } };

const header = (name: string, description: string): Schema => ({ type: 'apiKey', in: 'header', name, description });

export const EVENTS_SECURITY: Schema = {
  webhookId: header('webhook-id', "The message's id, the same on every attempt: 1 to 128 letters, digits, `-`, `_`."),
  webhookTimestamp: header('webhook-timestamp', 'Seconds since 1970 of this attempt, within 5 minutes of our clock.'),
  webhookSignature: header(
    'webhook-signature',
    '`v1,` and the base64 of HMAC-SHA256(secret, `{webhook-id}.{webhook-timestamp}.{body}`); several, separated by spaces, while a secret is changed.',
  ),
};
