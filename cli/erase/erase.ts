import { randomUUID } from 'node:crypto';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import * as z from 'zod';
import { AccountId, AccountType } from '../../functions/core/account.ts';
import { Unavailable } from '../../functions/core/outcome.ts';
import { UserError } from '../../local/user-error.ts';
import { command, type Terminal } from '../command.ts';
import { columns } from '../table.ts';
import { checkReceipt } from './check.ts';
import { accountsOf, type Found, type Subject } from './find.ts';
import { eraseNow } from './now.ts';
import { ERASE_OPTIONS, type EraseValues } from './options.ts';
import { type World, worldOf } from './world.ts';

export const erase = command({
  name: 'erase',
  usage: 'bindery erase --account A [--yes] [options]',
  about:
    'Erases a person: signs the account out everywhere, waits until that is in effect, and takes the name out of the registry and the history. Says what is left, where, and until when.',
  options: ERASE_OPTIONS,
  examples: [
    'bindery erase --account 4711   # counts what is stored',
    'bindery erase --account 4711 --also u4711 --yes --receipt erased.json',
    'bindery erase --check erased.json --account 4711 --also u4711',
  ],
  notes: `It reads both tables whole. To repeat it is safe, also after it was interrupted. A sign-in that comes later binds again. Without --stage it works on the local instance; a deployment needs your own AWS credentials (docs/operations/erase.md). The exit code is 1 if anything that can go is left.`,
  run: async ({ values }, terminal) => {
    const subject = subjectIn(values);
    try {
      const world = await worldOf(values, terminal, subject);
      if (values.check !== undefined)
        return await checkReceipt(world, subject, { file: values.check, isJson: values.json ?? false }, terminal);
      return await (values.yes
        ? eraseAndReport(world, subject, values, terminal)
        : count(world, subject, values, terminal));
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      throw new UserError(`the registry or its queue cannot be reached: ${error.message}. To run this again is safe.`);
    }
  },
});

function subjectIn(values: EraseValues): Subject {
  const { account, also = [], app, 'account-type': types, yes, receipt, check } = values;
  if (account === undefined) throw new UserError('give --account. Run with --help.');
  if (receipt !== undefined && !yes) throw new UserError('--receipt needs --yes');
  if (check !== undefined && yes) throw new UserError('give either --check or --yes');
  const ids = [account, ...also];
  if (!z.array(AccountId).safeParse(ids).success)
    throw new UserError('--account and --also: an account is 2 to 255 bytes of text');
  const numbers = z.array(z.coerce.number().pipe(AccountType)).optional().safeParse(types);
  if (!numbers.success) throw new UserError('--account-type: must be a whole number from 0');
  return { ids: [...new Set(ids)], types: numbers.data && new Set(numbers.data), apps: app && new Set(app) };
}

/** The table of what is stored: devices by app, type and spelling. */
function tableOf({ documents }: Found, { ids }: Subject): string[] {
  const rows = documents.flatMap(({ ref: { app }, accounts }) =>
    accounts.map(({ account: { type, id } }) => `${app}\0${type}\0${ids.indexOf(id) + 1}`),
  );
  const counts = [...Map.groupBy(rows, (row) => row)].sort(([a], [b]) => (a < b ? -1 : 1));
  if (counts.length === 0) return ['no device has this account'];
  const cells = counts.map(([row, all]) => [...row.split('\0'), `${all.length}`]);
  return columns([['app', 'type', 'spelling', 'devices'], ...cells]);
}

async function count(
  { find, apps }: World,
  subject: Subject,
  { json }: EraseValues,
  terminal: Terminal,
): Promise<number> {
  const { found, entries } = await find();
  const numbers = {
    apps: new Set(found.documents.map(({ ref }) => ref.app)).size,
    types: new Set(found.documents.flatMap(({ accounts }) => accounts.map(({ account }) => account.type))).size,
    devices: found.documents.length,
    mirrorStates: found.states.length,
    historyEntries: entries.length,
    unreadable: found.unreadable,
  };
  if (json) terminal.print(JSON.stringify({ dry: true, ...numbers }));
  else {
    for (const line of tableOf(found, subject)) terminal.print(line);
    terminal.print(`${numbers.mirrorStates} mirror states, ${numbers.historyEntries} entries of the history`);
    terminal.print(`sign-outs that --yes sends: ${accountsOf(subject, apps, found).length}, in ${apps.length} apps`);
    terminal.print('Nothing was changed: add --yes to do it.');
  }
  return 0;
}

async function eraseAndReport(
  world: World,
  subject: Subject,
  { json, receipt: file }: EraseValues,
  terminal: Terminal,
): Promise<number> {
  // Opened before anything is erased: without its receipt an erase cannot be proven.
  if (file !== undefined) closeSync(openSync(file, 'a', 0o600));
  const { receipt, isClean } = await eraseNow(world, subject, `erase-${randomUUID()}`);
  const { forgotten, left, signOuts } = receipt;
  if (file !== undefined) writeFileSync(file, `${JSON.stringify(receipt, null, 2)}\n`, { mode: 0o600 });
  if (json) terminal.print(JSON.stringify(receipt));
  else {
    terminal.print(`signed out: ${signOuts.length} accounts in ${world.apps.length} apps`);
    const { devices, mirrorStates, historyEntries } = forgotten;
    terminal.print(
      `name removed: ${devices} devices, ${mirrorStates} mirror states, ${historyEntries} history entries`,
    );
    terminal.print('left:');
    for (const line of left) terminal.print(`  ${line}`);
    if (file !== undefined) terminal.print(`The receipt is in ${file}. It has no name; keep it to prove the erase.`);
  }
  return isClean ? 0 : 1;
}
