import { argumentsOf } from '../../cli/command.ts';
import { UserError } from '../../local/user-error.ts';
import { coldRows } from '../cold/rows.ts';
import type { Group } from '../group.ts';
import { QUICK, THOROUGH } from '../measure.ts';
import { peers } from '../peer/peers.ts';
import { publish, type Row } from '../report.ts';
import { startStub } from '../stub/stub.ts';
import { accountApi } from './account-api.ts';
import { apply } from './apply.ts';
import { quietConsole, surround } from './deployed.ts';
import { endToEnd } from './end-to-end.ts';
import { events } from './events.ts';
import { mirror } from './mirror.ts';
import { sdk } from './sdk.ts';

const HELP = `npm run bench -- speed [options]

Measures what Bindery costs. Each row is ours, a floor or a peer of the same run, and the ratio.

  --json FILE   writes the rows there too
  --only NAMES  some of the groups, such as events,apply
  --quick       one short round: shows that the rows can be made, their figures mean nothing
  --help        this text`;

const OPTIONS = {
  json: { type: 'string' },
  only: { type: 'string' },
  quick: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

/** Cold starts take other processes and a server of their own (`npm run bench -- cold` shows them alone). */
const cold: Group = ({ effort }) => coldRows(effort.rounds);

/** A group for each file of rows, in the order of the table. */
const GROUPS: Readonly<Record<string, Group>> = { events, accountApi, apply, sdk, endToEnd, mirror, peers, cold };

function groupsIn(only: string | undefined): Group[] {
  const names = only?.split(',') ?? Object.keys(GROUPS);
  return names.map((name) => {
    const group = Object.hasOwn(GROUPS, name) ? GROUPS[name] : undefined;
    if (group === undefined) throw new UserError(`--only ${name}: the groups are ${Object.keys(GROUPS).join(', ')}`);
    return group;
  });
}

export async function run(args: string[]): Promise<void> {
  const { values } = argumentsOf({ args, options: OPTIONS });
  if (values.help) {
    process.stdout.write(`${HELP}\n`);
    return;
  }
  const groups = groupsIn(values.only);
  const stub = await startStub();
  surround(stub, 'empty');
  quietConsole();
  const rows: Row[] = [];
  const notes: string[] = [];
  for (const group of groups) {
    const found = await group({ stub, effort: values.quick ? QUICK : THOROUGH });
    rows.push(...found.rows);
    notes.push(...(found.notes ?? []));
  }
  await stub.stop();
  publish({ title: 'What Bindery costs', rows, notes }, values.json);
}
