import { randomUUID } from 'node:crypto';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import type { Instance } from '../description.ts';
import { UserError } from '../user-error.ts';
import { bodyOf, issuesIn, jsonIn } from './describe.ts';
import type { Operator } from './ports.ts';
import { type Doors, phonesNamed } from './reader.ts';
import type { Recording, Seen } from './recording.ts';
import { familyOf, signatureOf, signedHeaders } from './signing.ts';
import type { Answered, Answers, Detail } from './wire.ts';

/** The most phones that are shown. */
const MOST_PHONES = 300;

type Ports = {
  readonly instance: Instance;
  readonly recording: Recording;
  readonly operator: Operator;
  readonly doors: Doors;
};

/** Answers the page of a local instance by the doors of the product. */
export function localAnswers({ instance, recording, operator, doors }: Ports): Answers {
  const secrets = new Map([
    ...instance.providers.map(({ kind, secret }) => [kind, secret] as const),
    ...instance.sources.map(({ id, secret }) => [`${id}`, secret] as const),
  ]);
  const post = async (path: string, body: string, headers: Readonly<Record<string, string>>): Promise<Answered> => {
    const response = await fetch(`${instance.url}${path}`, { method: 'POST', body, headers });
    return { status: response.status, reply: await response.text() };
  };
  return {
    about: async () => ({
      title: 'this machine',
      url: instance.url,
      apps: instance.apps.map(({ id }) => id),
      sources: instance.sources.map(({ id, secret }) => ({ id: `${id}`, secret })),
      isReadOnly: false,
    }),
    phones: async ({ find = '' }) => {
      const { tokens, isWhole } = await operator.tokens();
      const phones = phonesNamed(tokens, await doors.phones(tokens.map(({ token }) => token)), recording);
      const found = phones.filter(({ token, people }) =>
        [token, ...people.map(({ account }) => account)].some((name) => name.includes(find)),
      );
      return { phones: found.slice(0, MOST_PHONES), isWhole: isWhole && found.length <= MOST_PHONES };
    },
    push: async ({ account = '', type = '0' }) => ({
      askedMs: Date.now(),
      devices: await doors.devices(account.split('\n'), Number(type)),
    }),
    detail: async ({ n }) => detailOf(seenAt(recording, n), secrets, instance),
    send: async ({ source = '', body = '', id = `msg_${randomUUID()}` }) =>
      post(`/events/${encodeURIComponent(source)}`, body, signedHeaders(secrets.get(source) ?? '', id, body)),
    again: async ({ n }) => {
      const { event } = seenAt(recording, n).exchange;
      const body = bodyOf(event);
      const family = familyOf(event.headers);
      const secret = secrets.get(sourceOf(event.rawPath));
      const id = event.headers[`${family}-id`];
      const headers = family && secret && id ? signedHeaders(secret, id, body, family) : sentHeaders(event.headers);
      return post(pathOf(event), body, headers);
    },
    ...(operator.timeline && { timeline: operator.timeline }),
    queues: operator.queues,
    parked: async () => ({ reasons: await operator.parked() }),
    redrive: async ({ reason, yes }) => ({ lines: (await operator.redrive?.(reason, yes !== 'yes')) ?? [] }),
  };
}

function seenAt(recording: Recording, n: string | undefined): Seen {
  const seen = recording.get(Number(n));
  if (seen === undefined) throw new UserError('this request is no longer kept');
  return seen;
}

/** The gateway decodes `rawPath`: its blanks, and the marks of a query, are escaped again. */
const pathOf = ({ rawPath, rawQueryString }: APIGatewayProxyEventV2): string =>
  `${rawPath.split('/').map(encodeURIComponent).join('/')}${rawQueryString && `?${rawQueryString}`}`;

const sourceOf = (path: string): string => /^\/events\/([^/]+)$/.exec(path)?.[1] ?? '';

/** The headers of a request without those that a connection or the gateway sets. */
const sentHeaders = (headers: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ||
      /^(?:host|connection|content-length|keep-alive|expect|transfer-encoding|origin|referer|x-forwarded|sec-)/.test(
        name,
      )
        ? []
        : [[name, value]],
    ),
  );

function detailOf(
  { row, exchange: { event, result }, line }: Seen,
  secrets: ReadonlyMap<string, string>,
  { sources }: Instance,
): Detail {
  const source = sourceOf(event.rawPath);
  const secret = secrets.get(source);
  const family = familyOf(event.headers);
  const [id = '', timestamp = ''] = ['id', 'timestamp'].map((part) => event.headers[`${family}-${part}`]);
  const body = bodyOf(event);
  const isSigned = secret !== undefined && family !== undefined;
  return {
    row,
    method: event.requestContext.http.method,
    path: pathOf(event),
    headers: sentHeaders(event.headers),
    body,
    reply: result.body ?? '',
    issues: issuesIn(jsonIn(result.body)),
    ...(isSigned && { expected: signatureOf(secret, { id, timestamp, body }) }),
    line,
    ...(sources.some(({ id }) => id === source) && { source }),
  };
}
