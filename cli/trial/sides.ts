import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { request } from 'undici';
import { accountKey, Token } from '../../functions/core/account.ts';
import { chunksOf } from '../../functions/core/parallel.ts';
import { mirrorNames, NAMES } from '../../local/aws/resources.ts';
import type { Instance } from '../../local/description.ts';
import { CONTROL, HostedState } from '../../local/hosted/server.ts';
import { UserError } from '../../local/user-error.ts';
import { ask } from '../account-query.ts';
import type { Held } from './events.ts';

/** An instance with a hosted side, as a trial looks at both. */
export type Sides = {
  readonly app: string;
  /** What each token holds there; rejects where the side does not answer. */
  readonly held: (tokens: readonly string[]) => Promise<{ readonly own: Held; readonly hosted: Held }>;
  readonly hosted: (tokens: readonly string[]) => Promise<Held>;
  readonly control: (change?: Partial<Pick<HostedState, 'faults' | 'isDown'>>) => Promise<HostedState>;
  /** Calls to the hosted side that Bindery made, those of the trial itself not counted. */
  readonly calls: () => Promise<Pick<HostedState, 'operate' | 'query'>>;
  /** Messages that are waiting for `apply` or `mirror`, and tasks that the hosted side has not done. */
  readonly underWay: () => Promise<number>;
  readonly close: () => void;
};

/** Tokens one query may name. */
const MOST = 100;

export function sidesOf(instance: Instance): Sides {
  const { mirror } = instance;
  const app = instance.apps.find((one) => one.mirrored);
  if (mirror === undefined || app === undefined)
    throw new UserError('the instance has no hosted side: start it with `npm start -- --mirror`');
  const sqs = new SQSClient({ endpoint: instance.sqs, region: 'us-east-1', credentials: LOCAL });
  let asked = 0;
  const hosted = (tokens: readonly string[]) => heldAt(mirror.url, mirror.app, tokens, () => asked++);
  const control = (change?: object) => controlled(mirror.url, change);
  return {
    app: app.id,
    hosted,
    held: async (tokens) => {
      const [own, there] = await Promise.all([heldAt(instance.url, app, tokens), hosted(tokens)]);
      return { own, hosted: there };
    },
    control,
    calls: async () => {
      const { operate, query } = await control();
      return { operate, query: query - asked };
    },
    underWay: async () => {
      const waiting = await Promise.all(
        [NAMES.operations, mirrorNames(app.id).marks].map((name) => waitingOn(sqs, instance.sqs, name)),
      );
      return waiting.reduce((sum, count) => sum + count, (await control()).pending);
    },
    close: () => sqs.destroy(),
  };
}

const LOCAL = { accessKeyId: 'local', secretAccessKey: 'local' };

type Speaker = Pick<Instance['apps'][number], 'id' | 'dialect' | 'secretKey'>;

async function heldAt(
  url: string,
  { id, dialect, secretKey }: Speaker,
  tokens: readonly string[],
  onAnswer = () => {},
): Promise<Held> {
  const held = new Map<string, ReadonlySet<string>>();
  for (const some of chunksOf(tokens, MOST)) {
    const question = { kind: 'accountsOf', tokens: some.map((token) => Token.parse(token)) } as const;
    const { found, status } = await ask(url, { app: id, dialect, secret: secretKey }, question);
    onAnswer();
    if (found === undefined) throw new UserError(`${url} answers a query with HTTP ${status}`);
    for (const { token, accounts } of found.accountsOf ?? []) held.set(token, new Set(accounts.map(accountKey)));
  }
  return held;
}

async function controlled(url: string, change: object | undefined): Promise<HostedState> {
  const method = change === undefined ? 'GET' : 'PUT';
  const { body } = await request(`${url}${CONTROL}`, { method, ...(change && { body: JSON.stringify(change) }) });
  return HostedState.parse(await body.json());
}

async function waitingOn(client: SQSClient, url: string, name: string): Promise<number> {
  const names = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
  const QueueUrl = `${url}/000000000000/${name}`;
  const { Attributes } = await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...names] }));
  return names.reduce((sum, each) => sum + Number(Attributes?.[each]), 0);
}

/** Tokens on which two sides differ. */
export const differing = (tokens: readonly string[], a: Held, b: Held): string[] =>
  tokens.filter((token) => {
    const [x, y] = [a.get(token) ?? new Set<string>(), b.get(token) ?? new Set<string>()];
    return x.size !== y.size || [...x].some((account) => !y.has(account));
  });
