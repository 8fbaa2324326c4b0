import { Buffer } from 'node:buffer';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import type { Exchange } from '../lambda/http.ts';
import type { Issue, Row, Tone } from './wire.ts';

export type LogLine = Readonly<Record<string, unknown>>;

export const bodyOf = ({ body = '', isBase64Encoded }: Pick<APIGatewayProxyEventV2, 'body' | 'isBase64Encoded'>) =>
  isBase64Encoded ? Buffer.from(body, 'base64').toString() : body;

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export function jsonIn(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}

const TONES: Readonly<Record<string, Tone>> = {
  applied: 'good',
  durable: 'good',
  ignored: 'good',
  superseded: 'late',
  refused: 'refused',
  unavailable: 'trouble',
};
export const toneOf = (outcome: string): Tone => TONES[outcome] ?? 'good';

/** The row of a request, in words. `n`: its number. */
export function describe(n: number, { event, result, tookMs }: Exchange, line: LogLine): Row {
  const { rawPath, requestContext } = event;
  const arrivedMs = requestContext.timeEpoch;
  const status = Number(result.statusCode ?? 200);
  const body = jsonIn(bodyOf(event));
  const reply = jsonIn(result.body);
  const isQuestion = line['outcome'] === 'answered' || line['operation'] === 'query';
  return {
    n,
    arrivedMs,
    happenedMs:
      happenedIn(body) ?? (typeof line['event_age_ms'] === 'number' ? arrivedMs - line['event_age_ms'] : undefined),
    tookMs,
    from: senderOf(rawPath, line),
    what: actionIn(rawPath, body, line, event),
    status,
    tone: status >= 500 ? 'trouble' : status >= 400 ? 'refused' : isQuestion ? 'read' : toneOf(`${line['outcome']}`),
    outcome: outcomeIn(status, reply, line),
  };
}

function senderOf(path: string, { reader, app, source }: LogLine): string {
  const [, room = '', id = ''] = path.split('/');
  if (room === 'events') return `source ${source ?? id}`;
  if (room === 'devices') return `phone, ${id}`;
  if (room === 'v1') return `reader ${reader ?? '?'}`;
  return `client of ${app ?? '?'}`;
}

type Data = Readonly<Record<string, unknown>>;

/** The events in a body in our own format. */
export const eventsIn = (body: unknown) =>
  [body].flat().flatMap((one) => {
    if (!isRecord(one) || !isRecord(one['data'])) return [];
    const data: Data = one['data'];
    return [{ type: `${one['type']}`, timestamp: `${one['timestamp']}`, data }];
  });

/** The time of the oldest event in a body. */
function happenedIn(body: unknown): number | undefined {
  const times = eventsIn(body).map(({ timestamp }) => Date.parse(timestamp));
  return times.length > 0 && times.every(Number.isFinite) ? Math.min(...times) : undefined;
}

const namesOf = ({ account, accounts }: Data): string =>
  Array.isArray(accounts)
    ? accounts.map((one) => (isRecord(one) ? `${one['account']}` : '?')).join(', ')
    : `${account ?? '?'}`;

const WORDS: Readonly<Record<string, (data: Data) => string>> = {
  'user.login': (data) => `${namesOf(data)} signs in on ${data['token'] ?? '?'}`,
  'user.logout': (data) => {
    if (data['scope'] === 'session') return `session ${data['session_id']} ends`;
    return data['scope'] === 'account'
      ? `${namesOf(data)} signs out on ${data['token']}`
      : `${data['token'] ?? '?'} signs out`;
  },
  'user.logout_everywhere': (data) => `${namesOf(data)} signs out everywhere`,
  'user.deleted': (data) => `${namesOf(data)} is deleted`,
  'device.token_changed': (data) => `${data['old_token']} becomes ${data['token']}`,
  'device.gone': (data) => `${data['token']} is gone`,
};

function actionIn(path: string, body: unknown, line: LogLine, event: APIGatewayProxyEventV2): string {
  const [first, ...more] = eventsIn(body).map(({ type, data }) => WORDS[type]?.(data) ?? type);
  if (first !== undefined) return `${first}${andMore(more)}`;
  const fields: Data = isRecord(body) ? body : {};
  if (path === '/v1/resolve') return `asks for the devices of ${namesOf(fields)}`;
  if (path === '/v1/devices') return `asks who is on ${[fields['tokens'] ?? '?'].flat().join(', ')}`;
  if (path.endsWith('/sign-in')) return `${subjectOf(event)} signs in on ${fields['token'] ?? '?'}`;
  if (path.endsWith('/sign-out')) return 'signs out with its receipt';
  return otherAction(fields, line) ?? `${event.requestContext.http.method} ${path}`;
}

function otherAction({ type, eventType, event }: Data, { operation, elements }: LogLine): string | undefined {
  if (operation !== undefined) return `${operation}, ${elements ?? 0} elements`;
  return [type, eventType, event].find((one) => typeof one === 'string');
}

const andMore = (more: readonly unknown[]): string => (more.length > 0 ? `, and ${more.length} more` : '');

/** The account of a bearer. It is shown, not trusted. */
function subjectOf({ headers }: APIGatewayProxyEventV2): string {
  const [, payload = ''] = (headers['authorization'] ?? '').split('.');
  const claims = jsonIn(Buffer.from(payload, 'base64url').toString());
  return isRecord(claims) && typeof claims['sub'] === 'string' ? claims['sub'] : 'a phone';
}

/** All faults that an answer names. */
export const issuesIn = (reply: unknown): Issue[] =>
  (isRecord(reply) && Array.isArray(reply['issues']) ? reply['issues'] : []).flatMap((one: unknown) =>
    isRecord(one) ? [{ path: `${one['path'] ?? ''}`, message: `${one['message'] ?? ''}` }] : [],
  );

function outcomeIn(status: number, reply: unknown, line: LogLine): string {
  const fields: Data = isRecord(reply) ? reply : {};
  if (status >= 400) return faultIn(status, fields, line);
  if (status === 202) return 'on the queue, applied soon';
  switch (line['outcome']) {
    case 'answered':
      return `${line['devices'] ?? 0} devices, ${line['accounts'] ?? 0} accounts`;
    case 'ignored':
      return `ignored: ${Object.keys(Object(fields['ignored'])).join(', ').replaceAll('_', ' ')}`;
    case 'superseded':
      return 'too late';
    default:
      return `${line['outcome'] ?? 'answered'}`;
  }
}

function faultIn(status: number, fields: Data, line: LogLine): string {
  const [first, ...more] = issuesIn(fields);
  if (first) return `${first.path || 'the body'} ${first.message}${andMore(more)}`;
  const text = fields['message'] ?? fields['detail'] ?? fields['err_msg'] ?? line['reason'];
  return `${text ?? `HTTP ${status}`}`;
}
