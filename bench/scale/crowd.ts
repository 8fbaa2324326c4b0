import { BatchWriteItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { marshall } from '@aws-sdk/util-dynamodb';
import { operate } from '../../functions/account-api/operate.ts';
import { pointerKey } from '../../functions/aws/dynamodb.ts';
import { dynamodbMirrorStore } from '../../functions/aws/mirror-store.ts';
import { marksQueue } from '../../functions/aws/queues.ts';
import { tableNamed } from '../../functions/aws/registry-store.ts';
import { Account, Token } from '../../functions/core/account.ts';
import { applyAll, type RegistryPorts } from '../../functions/core/apply.ts';
import { tokensOf } from '../../functions/core/bindings.ts';
import { App } from '../../functions/core/configuration.ts';
import { bindAt, eventHash, stampOf } from '../../functions/core/stamp.ts';
import type { AccountRef } from '../../functions/core/store.ts';
import type { AccountMark } from '../../functions/mirror/mark.ts';
import { pushMessages } from '../../functions/mirror/push.ts';
import { accepting } from '../../functions/operations/accept.ts';
import { NAMES } from '../../local/aws/resources.ts';
import type { Cloud } from '../cost/cloud.ts';
import { deviceToken } from '../sample-events.ts';
import type { Table } from './csv.ts';

const mirror = { url: 'https://hosted.example', app: '1500000001', dialect: 'tpns' };
const APP = App.parse({ id: 'crowd', dialect: 'xg', policy: 'one-per-type', platform: 'android', mirror });
const account = Account.parse({ type: 0, id: 'a-million-phones' });
const REF: AccountRef = { app: APP.id, account };

/** The time of the first bind (ms since 1970). Each is one millisecond after the one before. */
const START = Date.now() - 3_600_000;

/** Items in one BatchWriteItem, and calls at a time. */
const ITEMS = 25;
const CALLS = 8;

/** The newest of the tokens that a query reads have documents. It reads no others. */
const SHOWN = { from: 9_800, to: 10_000 } as const;

/**
 * The cost of an account with very many tokens, whose pointers are written straight into the table: a query, operation 5
 * of the Account API without the time that it waits, and the marks of a mirror, page by page.
 */
export async function scaleOfCrowd(cloud: Cloud, registry: RegistryPorts, tokens: number): Promise<Table> {
  await fill(tokens);
  await applyAll(registry, loginsOf(Math.min(SHOWN.from, tokens - 200), Math.min(SHOWN.to, tokens)));
  const query = await measured(cloud, () => tokensOf(registry.store, [REF], Date.now()));
  let waitedMs = 0;
  const accept = accepting({
    enqueue: async () => undefined,
    apply: (all, announce, durable) => applyAll(registry, all, { answers: true, announce, durable }),
    withinBudget: (work) => work,
  });
  const sleep = async (ms: number) => {
    waitedMs += ms;
  };
  const ports = { store: registry.store, accept, now: Date.now, sleep };
  const request = { kind: 'unbindAccountFromAll', accounts: [account] } as const;
  const unbind = await measured(cloud, async () => {
    const { headers } = await operate(ports, APP, request, 'request');
    process.stdout.write(`operation 5: ${JSON.stringify(headers)}, waits ${waitedMs} ms\n`);
  });
  const marks = { messages: 0, sends: 0, tokens: 0 };
  const marking = await measured(cloud, () => markAll(registry, marks));
  return {
    columns: [
      ...['tokens', 'query_read_units', 'query_ms', 'unbind_read_units', 'unbind_write_units', 'unbind_ms'],
      ...['mark_read_units', 'mark_messages', 'mark_sends', 'marked_tokens', 'mark_ms'],
    ],
    rows: [
      [
        ...[tokens, query.readUnits, query.ms, unbind.readUnits, unbind.writeUnits, unbind.ms],
        ...[marking.readUnits, marks.messages, marks.sends, marks.tokens, marking.ms],
      ],
    ],
  };
}

async function measured(cloud: Cloud, run: () => Promise<unknown>) {
  await cloud.takeUnits();
  const begun = performance.now();
  await run();
  const ms = performance.now() - begun;
  const { readUnits, writeUnits } = await cloud.takeUnits();
  return { readUnits, writeUnits, ms };
}

/** Works through the marks of the account as `mirror` does, one message after the other. */
async function markAll({ store }: RegistryPorts, counts: { messages: number; sends: number; tokens: number }) {
  const { mirror } = APP;
  if (mirror === undefined) throw new Error('bug: the app has a mirror');
  const send = async () => {
    counts.sends++;
    return {};
  };
  // The adapter calls nothing of the client but this method.
  const client = { send } as unknown as SQSClient;
  const queue = marksQueue({ client, queueUrl: 'marks', digest: async () => (text) => eventHash(text) });
  let accounts: readonly AccountMark[] = [{ account, id: 'request', ms: Date.now() }];
  const ports = {
    app: { ...APP, mirror },
    registry: store,
    states: dynamodbMirrorStore(tableNamed(NAMES.table)),
    hosted: {
      operate: async () => ({ kind: 'answered' as const, results: [] }),
      accountsOf: async () => ({ kind: 'found' as const, accounts: [] }),
    },
    mark: async (
      marks: { tokens: readonly unknown[]; accounts: readonly AccountMark[] } & Parameters<typeof queue>[1],
    ) => {
      counts.tokens += marks.tokens.length;
      accounts = marks.accounts;
      await queue(APP.id, marks);
    },
    check: async () => {},
    now: Date.now,
    note: () => {},
  };
  while (accounts.length > 0) {
    const body = JSON.stringify({ v: 1, app: APP.id, accounts });
    accounts = [];
    counts.messages++;
    await pushMessages(new Map([[APP.id, ports]]), [{ body, receives: 1 }]);
  }
}

const edgeOf = (n: number) => stampOf('bind', START + n, eventHash('crowd', `${n}`));

const loginsOf = (from: number, to: number) =>
  Array.from({ length: Math.max(0, to - Math.max(0, from)) }, (_, i) => {
    const n = Math.max(0, from) + i;
    return { kind: 'bind' as const, app: APP.id, token: tokenOf(n), accounts: [account], stamp: edgeOf(n) };
  });

/** Numbers of one width, so that pointers have the order of their binds. */
const tokenOf = (n: number) => Token.parse(deviceToken(`${n}`.padStart(7, '0')));

async function fill(tokens: number): Promise<void> {
  const client = new DynamoDBClient();
  let next = 0;
  const worker = async () => {
    for (let from = next; from < tokens; from = next) {
      next += ITEMS;
      const items = Array.from({ length: Math.min(ITEMS, tokens - from) }, (_, i) => ({
        ...pointerKey(REF, tokenOf(from + i)),
        edge: bindAt(edgeOf(from + i), 0),
      }));
      const RequestItems = { [NAMES.table]: items.map((item) => ({ PutRequest: { Item: marshall(item) } })) };
      await client.send(new BatchWriteItemCommand({ RequestItems }));
      if (from % 50_000 === 0) process.stdout.write(`${from} pointers\n`);
    }
  };
  await Promise.all(Array.from({ length: CALLS }, worker));
  client.destroy();
}
