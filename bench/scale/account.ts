import { Account } from '../../functions/core/account.ts';
import { applyAll, type RegistryPorts } from '../../functions/core/apply.ts';
import { tokensOf } from '../../functions/core/bindings.ts';
import { AppId } from '../../functions/core/configuration.ts';
import { Operation } from '../../functions/core/operation.ts';
import { eventHash, stampOf } from '../../functions/core/stamp.ts';
import { accountTime } from '../../functions/core/time.ts';
import { type Cloud, unitsPerRun } from '../cost/cloud.ts';
import { deviceToken } from '../sample-events.ts';
import type { Table } from './csv.ts';

const SIZES = [1, 10, 100, 1_000, 10_000];

/** Queries at each size; their cost is the mean. */
const QUERIES = 5;

/** The time of the first event (ms since 1970). Each event is one millisecond after the one before. */
const START = Date.now() - 3_600_000;

const app = AppId.parse('shop');
const account = Account.parse({ type: 0, id: 'many-phones' });

/** The cost of an account with more and more tokens: a query, one more token, and a sign-out everywhere. */
export async function scaleOfAccount(cloud: Cloud, registry: RegistryPorts): Promise<Table> {
  const ref = { app, account };
  const rows: number[][] = [];
  let bound = 0;
  for (const tokens of SIZES) {
    await applyAll(registry, binds(bound, tokens - 1));
    const bind = await unitsPerRun(cloud, 1, () => applyAll(registry, binds(tokens - 1, tokens)));
    bound = tokens;
    await tokensOf(registry.store, [ref], Date.now());
    const query = await unitsPerRun(cloud, QUERIES, () => tokensOf(registry.store, [ref], Date.now()));
    const stamp = await unitsPerRun(cloud, QUERIES, () => accountTime(registry.store, Date.now(), ref));
    const everywhere = await unitsPerRun(cloud, 1, () => applyAll(registry, [signOut(tokens)]));
    rows.push([
      tokens,
      query.readUnits,
      query.cpuMs,
      stamp.readUnits,
      bind.readUnits,
      bind.writeUnits,
      everywhere.writeUnits,
    ]);
  }
  const columns = ['tokens', 'query_read_units', 'query_cpu_ms', 'stamp_read_units'];
  return { columns: [...columns, 'bind_read_units', 'bind_write_units', 'everywhere_write_units'], rows };
}

const binds = (from: number, to: number): Operation[] =>
  Array.from({ length: Math.max(0, to - from) }, (_, i) =>
    Operation.parse({
      kind: 'bind',
      app,
      token: deviceToken(from + i),
      accounts: [account],
      stamp: stampOf('bind', START + from + i, eventHash('bind', `${from + i}`)),
    }),
  );

/** A sign-out with a time before every bind, so that the bindings stay for the next size. Its writes are the same. */
const signOut = (n: number): Operation =>
  Operation.parse({
    kind: 'unbindAccountFromAll',
    app,
    account,
    stamp: stampOf('unbindAccountFromAll', START - 60_000 + n, eventHash('everywhere', `${n}`)),
  });
