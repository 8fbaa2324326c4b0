import { Token } from '../../functions/core/account.ts';
import { applyAll, type RegistryPorts } from '../../functions/core/apply.ts';
import { accountsOf } from '../../functions/core/bindings.ts';
import { AppId } from '../../functions/core/configuration.ts';
import { Operation } from '../../functions/core/operation.ts';
import { eventHash, type StampedKind, stampOf } from '../../functions/core/stamp.ts';
import { type Cloud, used } from '../cost/cloud.ts';
import type { Table } from './csv.ts';

const MOST = 10;
const app = AppId.parse('shop');

/** What a token costs that has one to ten accounts: a login of all of them, a question, a logout. */
export async function scaleOfToken(cloud: Cloud, registry: RegistryPorts): Promise<Table> {
  const rows: number[][] = [];
  for (let accounts = 1; accounts <= MOST; accounts++) {
    const token = Token.parse(`phone-of-${accounts}`);
    const login = await used(cloud, 1, () => applyAll(registry, [loginOf(token, accounts)]));
    const query = await used(cloud, 1, () => accountsOf(registry.store, [{ app, token }]));
    const logout = await used(cloud, 1, () => applyAll(registry, [logoutOf(token)]));
    rows.push([accounts, login.writeUnits, login.readUnits, query.readUnits, logout.writeUnits, logout.readUnits]);
  }
  const columns = ['accounts', 'login_write_units', 'login_read_units', 'query_read_units'];
  return { columns: [...columns, 'logout_write_units', 'logout_read_units'], rows };
}

const stampNow = (kind: StampedKind, token: string) => stampOf(kind, Date.now(), eventHash(kind, token));

const loginOf = (token: Token, accounts: number): Operation =>
  Operation.parse({
    kind: 'bindOverriding',
    app,
    token,
    accounts: Array.from({ length: accounts }, (_, i) => ({ type: 0, id: `account-${i}-of-${accounts}` })),
    scope: 'token',
    stamp: stampNow('bindOverriding', token),
  });

const logoutOf = (token: Token): Operation =>
  Operation.parse({ kind: 'unbindTokenFromAll', app, token, stamp: stampNow('unbindTokenFromAll', token) });
