import { dynamodbRegistryStore, tableNamed } from '../../functions/aws/registry-store.ts';
import { applyAll } from '../../functions/core/apply.ts';
import { Configuration } from '../../functions/core/bindery-json.ts';
import { NAMES } from '../../local/aws/resources.ts';
import { setVariables } from '../../local/environment.ts';
import { loadDoors } from '../../local/lambda/invoke.ts';
import { moved, override } from '../../test/world/examples.ts';
import { CONFIGURATION, CONTEXT, posted, SOURCE_SECRET } from '../installation.ts';
import { type Cloud, createTable } from './cloud.ts';
import { perThousand, type Units } from './units.ts';

/** The units of a thousand calls of one kind. */
export type QuestionCost = { readonly name: string; readonly thousand: Units };

/** The calls that are counted of each kind, after a warm-up. */
const CALLS = 100;

const NAMED = Array.from({ length: 100 }, (_, i) => i);
const accounts = NAMED.map((i) => ({ account: `user-${i}` }));
const tokens = NAMED.map((i) => `phone-${i}`);

const QUESTIONS: readonly [name: string, path: string, question: object][] = [
  ['resolve, 1 account', '/v1/resolve', { accounts: accounts.slice(0, 1) }],
  ['resolve, 100 accounts', '/v1/resolve', { accounts }],
  ['devices, 100 tokens', '/v1/devices', { tokens }],
];

/** Asks as a sender of one app whose accounts have a device each, and counts. The queue is not used. */
export async function questionCosts(cloud: Cloud): Promise<QuestionCost[]> {
  const configuration = Configuration.parse({ ...CONFIGURATION, readers: [{ id: 'sender', apps: ['shop'] }] });
  await createTable(QUESTIONS_TABLE);
  const unused = { url: cloud.sqsUrl, arn: '' };
  const secrets = {
    apps: { shop: SOURCE_SECRET },
    sources: { app: SOURCE_SECRET },
    readers: { sender: SOURCE_SECRET },
  };
  setVariables(configuration, { operations: unused, parked: unused, mirrors: new Map(), sources: new Map() }, secrets);
  process.env['REGISTRY_TABLE'] = QUESTIONS_TABLE;
  const { resolve } = (await loadDoors(configuration)).http;
  if (resolve === undefined) throw new Error('bug: a configuration with a reader deploys no function for it');
  const store = dynamodbRegistryStore(tableNamed(QUESTIONS_TABLE));
  const logins = NAMED.map((i) => moved(override(Date.now(), [`user-${i}`]), `phone-${i}`));
  await applyAll({ store, now: Date.now, pause: async () => {} }, logins);
  const costs: QuestionCost[] = [];
  for (const [name, path, question] of QUESTIONS) {
    const request = posted(path, JSON.stringify(question), { authorization: `Bearer ${SOURCE_SECRET}` });
    const ask = async () => {
      cloud.count({ apiRequests: 1 });
      const { statusCode, body } = await cloud.invoke(() => resolve.handler(request, CONTEXT));
      if (statusCode !== 200) throw new Error(`${path} answered ${statusCode}: ${body}`);
    };
    for (let i = 0; i < CALLS; i++) await ask();
    await cloud.takeUnits();
    for (let i = 0; i < CALLS; i++) await ask();
    costs.push({ name, thousand: perThousand(await cloud.takeUnits(), CALLS) });
  }
  return costs;
}

/** A table of its own: the other loads leave theirs behind. */
const QUESTIONS_TABLE = `${NAMES.table}-questions`;
