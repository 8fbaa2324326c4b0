import { writeFileSync } from 'node:fs';
import { argumentsOf } from '../../cli/command.ts';
import { columns } from '../../cli/table.ts';
import { atMost, figure, type Goal, type Row, row, tableOf } from '../report.ts';
import { MIX } from './mix.ts';
import { PRICES } from './prices.ts';
import { type Costed, type Costs, costs, MODERATE_PER_S } from './run.ts';
import { NAMES, total } from './units.ts';

const HELP = `npm run bench -- cost [options]

Runs Bindery and the naive design on the embedded services, counts what AWS would bill for, and prices it.

  --json FILE   writes the counts, the prices and the rows there
  --help        this text`;

const OPTIONS = { json: { type: 'string' }, help: { type: 'boolean', default: false } } as const;

const NOTES = [
  `events: ${MIX}`,
  'naive: a REST API, a function, a message, an invocation, a call of a second REST API and two rows against repetition',
  'for each event, and both copies of a binding in one transaction',
  `single: one event a request, here ${MODERATE_PER_S} a second, spread evenly, or so many that messages wait for the worker;`,
  'batch: a hundred events a request, each message received alone',
  'the queue is polled as by an event source mapping with the deployed window: five receives at once, each of which ends',
  'as soon as there is one message; up to ten messages make an invocation and one delete',
  'functions are priced by their processor time; while they wait they are billed as well, which is left out of both',
  'left out of both: what polls of an idle queue cost, some cents a month',
  'prices of us-east-1, on demand, without free tiers:',
  ...Object.values(PRICES).map(
    ({ dollars, per, source }) =>
      `  $${Number((dollars * 1e6).toPrecision(6)).toLocaleString('en-US')} a million: ${per} (${source})`,
  ),
];

/** How much cheaper ours has to be. */
const GOALS = { single: 6, batch: 10 } as const;

function rowsOf({ naive, ours, withoutDelay }: Costs): Row[] {
  const reference = total(naive.dollars);
  const priced = ours.map(({ name, dollars }) => {
    const times = Object.entries(GOALS).find(([load]) => name.startsWith(load))?.[1] ?? 1;
    const measured = { name, unit: '$ a million events', ours: total(dollars), reference };
    return row(measured, atMost(Number((1 / times).toPrecision(3))));
  });
  const of = (load: keyof typeof GOALS) => ours.find(({ name }) => name.startsWith(load))?.thousand ?? naive.thousand;
  const perEvent = (name: string, unit: string, mine: number, other: number, goal?: Goal) =>
    row({ name, unit, ours: mine / 1000, reference: other / 1000 }, goal);
  const [sqs, writes] = [of('batch').sqsRequests, of('single').writeUnits];
  return [
    ...priced,
    perEvent('batch', 'SQS requests an event', sqs, naive.thousand.sqsRequests, atMost(0.04, 'ours')),
    perEvent("single / without the queue's delay", 'write units an event', writes, withoutDelay.writeUnits),
  ];
}

/** A column for each design: its units, or its dollars. */
const unitsTable = (costed: readonly Costed[], of: 'thousand' | 'dollars'): string =>
  columns([
    ['', ...costed.map(({ name }) => name)],
    ...NAMES.map((unit) => [unit, ...costed.map((one) => figure(one[of][unit]))]),
    ...(of === 'dollars' ? [['all', ...costed.map(({ dollars }) => figure(total(dollars)))]] : []),
  ]).join('\n');

export async function run(args: string[]): Promise<void> {
  const { values } = argumentsOf({ args, options: OPTIONS });
  const print = (text: string) => process.stdout.write(`${text}\n\n`);
  if (values.help) {
    print(HELP);
    return;
  }
  const found = await costs();
  const rows = rowsOf(found);
  const costed = [found.naive, ...found.ours];
  print(`Counted for a thousand events\n${unitsTable(costed, 'thousand')}`);
  print(`Dollars for a million events\n${unitsTable(costed, 'dollars')}`);
  print(tableOf({ title: 'What events cost, ours against the naive design', rows, notes: NOTES }));
  const json = { mix: MIX, prices: PRICES, costed, rows };
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(json, null, 2)}\n`);
}
