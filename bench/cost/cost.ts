import { writeFileSync } from 'node:fs';
import { command } from '../../cli/command.ts';
import { columns } from '../../cli/table.ts';
import { atMost, figure, type Goal, type Row, row, tableOf } from '../report.ts';
import { fixedCost } from './fixed.ts';
import { storageOf } from './ledger.ts';
import { MIX } from './mix.ts';
import { MONTHLY, PRICES } from './prices.ts';
import { type Costs, costs, type DesignCost, MODERATE_PER_S } from './run.ts';
import { total, UNIT_NAMES } from './units.ts';

const NOTES = [
  `events: ${MIX}`,
  'naive: each event takes a REST API, a function, a message, an invocation, a call of a second REST API, two writes that',
  'prevent a repetition, and one transaction that writes both copies of the binding',
  `single: one event a request, either ${MODERATE_PER_S} a second, spread evenly, or a backlog, where messages wait for the worker`,
  'batch: a hundred events a request, each message received alone',
  'ledger: on, as it is by default (history.days is 90); no ledger: history.days is 0',
  'an event source mapping with the deployed window polls the queue: five receives at once, each of which ends',
  'as soon as there is one message; up to ten messages share an invocation and a delete',
  'functions are priced by their processor time; the time they wait is billed too, and left out of both designs',
  'resolve and devices: calls of a sender; each account has one device, and each token one account',
  'fixed cost: secrets, alarms, the dashboard, metrics from logs and polls of the idle queue, for one app and one source',
  'prices of us-east-1, on demand, without free tiers:',
  ...Object.values(PRICES).map(
    ({ dollars, per, source }) =>
      `  $${Number((dollars * 1e6).toPrecision(6)).toLocaleString('en-US')} a million: ${per} (${source})`,
  ),
  ...Object.values(MONTHLY).map(({ dollars, per, source }) => `  $${dollars}: ${per} (${source})`),
];

/** The largest shares of the naive design's price. Behind an HTTP API a single event costs more than a sixth in any design. */
const GOALS: Readonly<Record<string, number>> = {
  [`single, ${MODERATE_PER_S} a second, ledger, function URL`]: 1 / 6,
  'batch, ledger, HTTP API': 1 / 12,
  'batch, ledger, function URL': 1 / 12,
};

function rowsOf({ naive, ours, backlog, withoutDelay, ledger, stored, questions }: Costs, fixed: number): Row[] {
  const reference = total(naive.dollars);
  const priced = ours.map(({ name, dollars }) => {
    const figures = { name, unit: '$ a million events', ours: total(dollars), reference };
    const share = GOALS[name];
    return row(figures, share === undefined ? undefined : atMost(Number(share.toPrecision(3))));
  });
  const perEvent = (name: string, unit: string, mine: number, other: number, goal?: Goal) =>
    row({ name, unit, ours: mine / 1000, reference: other / 1000 }, goal);
  const { thousand } = ours.find(({ name }) => name.startsWith('batch')) ?? naive;
  const asked = questions.map(({ name, dollars }) =>
    row({ name, unit: '$ a million calls', ours: total(dollars), reference: Number.NaN }),
  );
  return [
    ...priced,
    ...ledger.flatMap(({ name, recorded, plain }) =>
      (['write units', '$ a million'] as const).map((unit) =>
        row({ name: `${name}, ledger / no ledger`, unit, ours: recorded[unit], reference: plain[unit] }),
      ),
    ),
    ...Object.entries(stored).map(([name, bytes]) =>
      row({
        name: `${name}, the ledger's storage`,
        unit: '$ a month, of a million events a month',
        ours: storageOf(bytes),
        reference: Number.NaN,
      }),
    ),
    ...asked,
    row({ name: 'fixed cost', unit: '$ a month', ours: fixed, reference: Number.NaN }),
    perEvent(
      'batch',
      'SQS requests an event',
      thousand.sqsRequests,
      naive.thousand.sqsRequests,
      atMost(0.04, 'ours', 0),
    ),
    perEvent(DELAY, 'write units an event', backlog.writeUnits, withoutDelay.writeUnits),
  ];
}

const DELAY = "single, no ledger / without the queue's delay";

/** A table with a column for each design: its units, or its dollars. */
const unitsTable = (designs: readonly DesignCost[], of: 'thousand' | 'dollars'): string =>
  columns([
    ['', ...designs.map(({ name }) => name)],
    ...UNIT_NAMES.map((unit) => [unit, ...designs.map((one) => figure(one[of][unit]))]),
    ...(of === 'dollars' ? [['all', ...designs.map(({ dollars }) => figure(total(dollars)))]] : []),
  ]).join('\n');

export const run = command({
  name: 'bench cost',
  usage: 'npm run bench -- cost [options]',
  about: 'Runs Bindery and a naive design on the embedded services, counts the units that AWS bills, and prices them.',
  options: {
    json: { value: 'FILE', help: 'also write the units, the prices and the rows to a file' },
  },
  run: async ({ values }) => {
    const print = (text: string) => process.stdout.write(`${text}\n\n`);
    const fixed = await fixedCost();
    const measured = await costs();
    const rows = rowsOf(measured, fixed);
    const designs = [measured.naive, ...measured.ours];
    print(`Units of a thousand events\n${unitsTable(designs, 'thousand')}`);
    print(`Dollars for a million events\n${unitsTable(designs, 'dollars')}`);
    print(tableOf({ title: 'The cost of events, ours and a naive design', rows, notes: NOTES }));
    const json = { mix: MIX, prices: PRICES, designs, rows };
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(json, null, 2)}\n`);
    return 0;
  },
});
