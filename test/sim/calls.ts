import { ask, type Client, type Known, operate } from './client.ts';
import type { Fault, Faults } from './faults.ts';
import type { Run } from './finding.ts';
import { calledDeployment } from './gateway.ts';
import { deedText } from './promises.ts';
import { randomOf } from './random.ts';
import { SCENE } from './scene.ts';
import { inOrder, pairOf } from './serial.ts';
import { timeline } from './timeline.ts';

/** No fault strikes, but no two machines have the same time. */
const ONLY_CLOCKS: Faults = { strike: (fault: Fault) => fault === 'clocks differ', calm: () => {}, counts: new Map() };

/**
 * A client calls batchoperate, one call after the other, on machines whose clocks differ. Calls carry no time: they end
 * as if they had happened in the order in which they were made.
 */
export async function callsCase(seed: number): Promise<Run> {
  const random = randomOf(seed);
  const time = timeline();
  const one = calledDeployment({ timeline: time, random, faults: ONLY_CLOCKS });
  const client: Client = { ...one, app: random.pick(SCENE.apps) };
  const calling = callOneByOne(client);
  await time.run();
  const { expected, actual } = await calling;
  if (actual !== expected)
    one.onFinding('O1 calls end as if they had happened in the order in which they were made', actual, expected);
  return { finding: one.first(seed, () => one.ledger.deeds().map(deedText)) };
}

async function callOneByOne(client: Client): Promise<{ expected: string; actual: string }> {
  const { timeline, random, app } = client;
  const operations: Known[number][] = [];
  let known: Known = [];
  for (let calls = 2 + random.below(5); calls > 0; calls--) {
    known = await operate(client, known);
    operations.push(...known);
    await timeline.sleep(random.logUniform(0.1, 20));
  }
  const accounts = await ask(client, { kind: 'accountsOf', tokens: SCENE.tokens });
  const tokens = await ask(client, { kind: 'tokensOf', accounts: SCENE.accounts });
  const names = (found: typeof accounts) =>
    found.filter(({ isShown }) => isShown).map(({ token, account }) => pairOf(app.id, token, account));
  const expected = [...inOrder(operations).keys()].sort().join('; ');
  return {
    expected: `${expected} | ${expected}`,
    actual: [accounts, tokens].map((found) => names(found).sort().join('; ')).join(' | '),
  };
}
