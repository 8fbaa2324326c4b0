import { command } from '../../cli/command.ts';
import { UserError } from '../../local/user-error.ts';
import { COLD_STARTS, coldRows } from '../cold/rows.ts';
import type { Group } from '../group.ts';
import { QUICK, THOROUGH } from '../measure.ts';
import { peers } from '../peer/peers.ts';
import { publish, type Row } from '../report.ts';
import { startStub } from '../stub/stub.ts';
import { quietConsole, setEnvironment } from './doors.ts';
import { endToEnd } from './end-to-end.ts';
import { events } from './events.ts';
import { functions } from './functions.ts';
import { mirror } from './mirror.ts';

/** Cold starts run in processes and with a server of their own. `npm run bench -- cold` measures them alone. */
const cold: Group = ({ effort }) => coldRows(Math.min(effort.rounds, COLD_STARTS));

/** The groups in the order of the table. */
const GROUPS: Readonly<Record<string, Group>> = { functions, events, endToEnd, mirror, peers, cold };

function groupsIn(only: string | undefined): Group[] {
  const names = only?.split(',') ?? Object.keys(GROUPS);
  return names.map((name) => {
    const group = Object.hasOwn(GROUPS, name) ? GROUPS[name] : undefined;
    if (group === undefined)
      throw new UserError(`--only ${name}: unknown group. Choose from ${Object.keys(GROUPS).join(', ')}`);
    return group;
  });
}

export const run = command({
  name: 'bench speed',
  usage: 'npm run bench -- speed [options]',
  about:
    'Measures processor time and speed. Each row has our figure, that of a floor or a peer in the same run, and the ratio.',
  options: {
    json: { value: 'FILE', help: 'also write the rows to a file. Default: none' },
    only: {
      value: 'NAMES',
      help: `groups of rows, such as events,apply. Default: all, ${Object.keys(GROUPS).join(', ')}`,
    },
    quick: { help: 'one short round, to see that every row can be measured; its figures mean nothing' },
  },
  run: async ({ values }) => {
    const groups = groupsIn(values.only);
    const stub = await startStub();
    setEnvironment(stub, 'empty');
    quietConsole();
    const rows: Row[] = [];
    const notes: string[] = [];
    for (const group of groups) {
      const measured = await group({ stub, effort: values.quick ? QUICK : THOROUGH });
      rows.push(...measured.rows);
      notes.push(...(measured.notes ?? []));
    }
    await stub.stop();
    publish({ title: 'Processor time and speed', rows, notes }, values.json);
    return 0;
  },
});
