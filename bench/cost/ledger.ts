import { Buffer } from 'node:buffer';
import { type AttributeValue, DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import { MARGIN_MS } from '../../functions/history/entry.ts';
import { NAMES } from '../../local/aws/resources.ts';
import { CONFIGURATION } from '../installation.ts';
import { deviceToken } from '../sample-events.ts';
import type { Cloud } from './cloud.ts';
import type { Deployment } from './deployment.ts';
import type { MixEvent } from './mix.ts';
import type { ByLedger } from './ours/functions.ts';
import { PRICES } from './prices.ts';
import { dollarsPerMillion, perThousand, type Setting, total } from './units.ts';

/** The cost of a request of one kind, with the ledger and without. */
export type LedgerCost = { readonly name: string } & ByLedger<Readonly<Record<'write units' | '$ a million', number>>>;

/** The requests that are counted of each kind. */
const REQUESTS = 20;

const numbered = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

/** Sends requests of one kind, each with a phone and an account of its own, and counts them. */
export async function ledgerCosts(
  cloud: Cloud,
  deployments: ByLedger<Deployment>,
  setting: Setting,
): Promise<LedgerCost[]> {
  const time = new Date(Date.now() - 60_000);
  const counted = async (deployment: Deployment, requests: readonly (readonly MixEvent[])[]) => {
    await cloud.takeUnits();
    for (const events of requests) await deployment.send(events);
    await deployment.finish();
    const thousand = perThousand(await cloud.takeUnits(), requests.length);
    return {
      'write units': thousand.writeUnits / 1000,
      '$ a million': total(dollarsPerMillion(thousand, setting)),
    };
  };
  const costsOf = async (deployment: Deployment, who: string) => {
    const logins = (count: number, from: string): MixEvent[] =>
      numbered(count, (i) => ({
        ...{ id: `${from}-${i}`, type: 'user.login', timestamp: time.toISOString() },
        data: { app: 'shop', token: deviceToken(`${from}-${i}`), account: `${from}-account-${i}` },
      }));
    const signOuts = numbered(
      REQUESTS,
      (i): MixEvent => ({
        ...{ id: `${who}-out-${i}`, type: 'user.logout_everywhere', timestamp: new Date().toISOString() },
        data: { app: 'shop', account: `${who}-account-${i}` },
      }),
    );
    return {
      'a login': await counted(
        deployment,
        logins(REQUESTS, who).map((one) => [one]),
      ),
      '100 logins in a request': await counted(
        deployment,
        numbered(REQUESTS, (i) => logins(100, `${who}-list-${i}`)),
      ),
      'a sign-out everywhere': await counted(
        deployment,
        signOuts.map((one) => [one]),
      ),
    };
  };
  const [recorded, plain] = [await costsOf(deployments.recorded, 'with'), await costsOf(deployments.plain, 'without')];
  const names = ['a login', '100 logins in a request', 'a sign-out everywhere'] as const;
  return names.map((name) => ({ name, recorded: recorded[name], plain: plain[name] }));
}

/** The bytes that DynamoDB bills for the items of the ledger ("DynamoDB item sizes and formats"). */
export async function storedBytes(): Promise<number> {
  const client = new DynamoDBClient();
  let bytes = 0;
  for await (const { Items = [] } of paginateScan({ client }, { TableName: NAMES.history }))
    for (const item of Items) bytes += bytesOf(item);
  client.destroy();
  return bytes;
}

/** The bytes that an item takes besides its attributes. */
const ITEM_BYTES = 100;

const bytesOf = (item: Readonly<Record<string, AttributeValue>>): number =>
  Object.entries(item).reduce(
    (sum, [name, { S = '', N }]) =>
      sum + Buffer.byteLength(name) + Buffer.byteLength(S) + (N === undefined ? 0 : Math.ceil(N.length / 2) + 1),
    ITEM_BYTES,
  );

/** The dollars a month for what the ledger keeps of a million events a month, each of so many bytes. */
export function storageOf(bytes: number): number {
  const months = (CONFIGURATION.history.days + MARGIN_MS / 86_400_000) / 30;
  return ((bytes * 1e6) / 1e9) * months * PRICES.storedGb.dollars;
}
