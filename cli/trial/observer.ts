import { setTimeout } from 'node:timers/promises';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { request } from 'undici';
import { accountKey, Token } from '../../functions/core/account.ts';
import { chunksOf } from '../../functions/core/parallel.ts';
import { mirrorNames, NAMES } from '../../local/aws/resources.ts';
import type { Instance } from '../../local/description.ts';
import { CONTROL, HostedState } from '../../local/hosted/api.ts';
import { UserError } from '../../local/user-error.ts';
import { ask } from '../query.ts';
import type { Bindings } from './events.ts';

/** Reads an instance and its hosted API. */
export type Observer = {
  /** The mirrored app. */
  readonly app: string;
  /** Queries both APIs. Rejects if one does not answer. */
  readonly bindings: (tokens: readonly string[]) => Promise<{ readonly own: Bindings; readonly hosted: Bindings }>;
  /** Queries the hosted API. Rejects if it does not answer. */
  readonly hosted: (tokens: readonly string[]) => Promise<Bindings>;
  /** Changes the hosted API and returns its state. */
  readonly control: (change?: Partial<Pick<HostedState, 'faults' | 'isDown'>>) => Promise<HostedState>;
  /** Calls of Bindery to the hosted API, without those of the trial. */
  readonly calls: () => Promise<Pick<HostedState, 'operate' | 'query'>>;
  /** Messages that wait for `apply` or `mirror`, and calls that the hosted API has not applied yet. */
  readonly underWay: () => Promise<number>;
  readonly close: () => void;
};

/** The most tokens in one query. */
const MOST = 100;

export function observerOf(instance: Instance): Observer {
  const { mirror } = instance;
  const app = instance.apps.find((one) => one.mirrored);
  if (mirror === undefined || app === undefined)
    throw new UserError('the instance has no hosted API: start it with `npx bindery start --mirror`');
  const sqs = new SQSClient({ endpoint: instance.sqs, region: 'us-east-1', credentials: LOCAL });
  let asked = 0;
  const hosted = (tokens: readonly string[]) => bindingsAt(mirror.url, mirror.app, tokens, () => asked++);
  const control = (change?: object) => controlled(mirror.url, change);
  return {
    app: app.id,
    hosted,
    bindings: async (tokens) => {
      const [own, there] = await Promise.all([bindingsAt(instance.url, app, tokens), hosted(tokens)]);
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

type AppSecret = Pick<Instance['apps'][number], 'id' | 'dialect' | 'secretKey'>;

async function bindingsAt(
  url: string,
  { id, dialect, secretKey }: AppSecret,
  tokens: readonly string[],
  onAnswer = () => {},
): Promise<Bindings> {
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

/** Tokens with different accounts. */
export const differing = (tokens: readonly string[], a: Bindings, b: Bindings): string[] =>
  tokens.filter((token) => {
    const [x, y] = [a.get(token) ?? new Set<string>(), b.get(token) ?? new Set<string>()];
    return x.size !== y.size || [...x].some((account) => !y.has(account));
  });

/** Time between two comparisons (ms). */
const COMPARE_MS = 500;

/** Waits until no call is under way and both APIs agree. Returns the tokens that still differ after `waitMs`. */
export async function agreement(observer: Observer, tokens: readonly string[], waitMs: number): Promise<string[]> {
  const end = performance.now() + waitMs;
  for (;;) {
    const different = await differencesWhenIdle(observer, tokens);
    if (different?.length === 0) return [];
    if (performance.now() > end) return different ?? [...tokens];
    await setTimeout(COMPARE_MS);
  }
}

async function differencesWhenIdle(observer: Observer, tokens: readonly string[]): Promise<string[] | undefined> {
  if ((await observer.underWay()) > 0) return undefined;
  const { own, hosted } = await observer.bindings(tokens);
  return differing(tokens, own, hosted);
}
