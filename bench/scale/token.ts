import { applyAll, type RegistryPorts } from '../../functions/core/apply.ts';
import { accountsOf } from '../../functions/core/bindings.ts';
import { app, moved, override, token, unbindAll } from '../../test/world/examples.ts';
import { type Cloud, unitsPerRun } from '../cost/cloud.ts';
import type { Table } from './csv.ts';

const MOST = 10;

/** The cost of a token with one to ten accounts: a login of all of them, a query, a logout. */
export async function scaleOfToken(cloud: Cloud, registry: RegistryPorts): Promise<Table> {
  const rows: number[][] = [];
  for (let accounts = 1; accounts <= MOST; accounts++) {
    const phone = `phone-of-${accounts}`;
    const names = Array.from({ length: accounts }, (_, i) => `account-${i}-of-${accounts}`);
    const login = await unitsPerRun(cloud, 1, () => applyAll(registry, [moved(override(Date.now(), names), phone)]));
    const query = await unitsPerRun(cloud, 1, () =>
      accountsOf(registry.store, [{ app: app().id, token: token(phone) }], Date.now()),
    );
    const logout = await unitsPerRun(cloud, 1, () => applyAll(registry, [moved(unbindAll(Date.now()), phone)]));
    rows.push([accounts, login.writeUnits, login.readUnits, query.readUnits, logout.writeUnits, logout.readUnits]);
  }
  const columns = ['accounts', 'login_write_units', 'login_read_units', 'query_read_units'];
  return { columns: [...columns, 'logout_write_units', 'logout_read_units'], rows };
}
