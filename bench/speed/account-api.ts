import { awsClient } from '../../functions/aws/client.ts';
import type { Group } from '../group.ts';
import { authorized, posted } from '../installation.ts';
import { type Cost, interleaved } from '../measure.ts';
import { atLeast, type Row, row } from '../report.ts';
import { deviceToken } from '../sample-events.ts';
import { forgetfulQueue } from '../stub/stub.ts';
import { APP_SECRET, callDoor, setEnvironment } from './doors.ts';
import { bindBare, fullTokens, type StoreCalls, storeCalls } from './store-calls.ts';

const request = (path: string, body: object) =>
  posted(`/v3/device/account/${path}`, JSON.stringify(body), authorized(APP_SECRET));

const tokensOfOne = request('query', {
  operator_type: 1,
  platform: 'android',
  account_list: [{ account: 'someone', account_type: 0 }],
});

const accountsOfTen = request('query', { operator_type: 2, platform: 'android', token_list: fullTokens });

const ELEMENTS = 20;
const elements = Array.from({ length: ELEMENTS }, (_, i) => ({ token: deviceToken(i), account: `account-${i}` }));

const overrideTwenty = request('batchoperate', {
  operator_type: 2,
  platform: 'android',
  token_accounts: elements.map(({ token, account }) => ({ token, account_list: [{ account, account_type: 0 }] })),
});

/** The Account API, warm, in this process: two queries, and a `batchoperate` of the most tokens a call may have. */
export const accountApi: Group = async ({ stub, effort }) => {
  setEnvironment(stub, 'full');
  const { handler } = await import('../../functions/account-api.ts');
  const calls = storeCalls('full');
  const queue = awsClient('sqs');
  const send = () => queue.call('SendMessage', { QueueUrl: forgetfulQueue(stub), MessageBody: 'x'.repeat(6_000) });
  const cost = await interleaved(
    {
      tokens: () => callDoor(handler, tokensOfOne),
      bareTokens: () => readTokens(calls),
      accounts: () => callDoor(handler, accountsOfTen),
      bareAccounts: () => readAccounts(calls),
      override: () => callDoor(handler, overrideTwenty),
      bareOverride: () => override(calls, send),
    },
    effort,
  );
  return {
    rows: [
      ...rowsOf('query, tokens of 1 account', cost.tokens, cost.bareTokens, 0.7),
      ...rowsOf('query, accounts of 10 tokens', cost.accounts, cost.bareAccounts, 0.7),
      ...rowsOf(`batchoperate, ${ELEMENTS} tokens`, cost.override, cost.bareOverride),
    ],
  };
};

const rate = (us: number) => 1e6 / us;

function rowsOf(name: string, ours: Cost, bare: Cost, goal?: number): Row[] {
  const atLeastGoal = goal === undefined ? undefined : atLeast(goal);
  return [
    row({ name, unit: 'requests/s', ours: rate(ours.wallUs), reference: rate(bare.wallUs) }, atLeastGoal),
    row({ name, unit: 'requests/s of CPU', ours: rate(ours.cpuUs), reference: rate(bare.cpuUs) }, atLeastGoal),
  ];
}

async function readTokens(calls: StoreCalls): Promise<void> {
  await calls.pointers('someone');
  await calls.documents(fullTokens);
  await calls.watermark('someone');
}

async function readAccounts(calls: StoreCalls): Promise<void> {
  await calls.documents(fullTokens);
  await calls.watermark('someone');
}

/** The reads and writes of a call without a timestamp: its stamp has to be later than all that the table has of its tokens. */
async function override(calls: StoreCalls, send: () => Promise<unknown>): Promise<void> {
  const tokens = elements.map(({ token }) => token);
  await calls.documents(tokens);
  await calls.watermarks(elements.map(({ account }) => account));
  await send();
  await calls.documents(tokens);
  await Promise.all(elements.map(({ token, account }) => bindBare(calls, account, token)));
}
