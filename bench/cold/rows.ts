import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Group } from '../group.ts';
import { atMost, type Row, row } from '../report.ts';
import { type Call, startStubAws } from './aws.ts';
import { COLD_DOORS, type ColdDoorName, SECRET } from './doors.ts';
import { type ColdMachine, type ColdStart, coldStart, medianOf } from './run.ts';
import { type Bundle, childIn, clientsOnly, EMPTY, oursIn, trimmed, usual, written } from './variants.ts';

type Measurements = Awaited<ReturnType<Group>>;

/** Ours as deployed, and what it is held against (cold-variants.ts). */
type Bundles = Readonly<Record<'ours' | 'empty' | 'clients' | 'trimmed' | 'usual', Bundle>>;
type Starts = Readonly<Record<keyof Bundles, ColdStart>>;

/** Cold starts of every deployed function, interleaved with those of its peers; medians of so many rounds. */
export async function coldRows(rounds: number): Promise<Measurements> {
  const folder = mkdtempSync(join(tmpdir(), 'bindery-cold-'));
  const aws = await startStubAws(SECRET);
  try {
    const machine = { folder, child: await childIn(folder), aws };
    const parts: Measurements[] = [];
    for (const door of DOORS) parts.push(await doorRows(machine, door, rounds));
    return { rows: parts.flatMap(({ rows }) => rows), notes: parts.flatMap(({ notes = [] }) => notes) };
  } finally {
    await aws.stop();
    rmSync(folder, { recursive: true });
  }
}

/** Every function has a timeout: the settings know them all. */
const DOORS = Object.keys(COLD_DOORS) as ColdDoorName[]; // the keys of a record of doors

async function doorRows(machine: ColdMachine, door: ColdDoorName, rounds: number): Promise<Measurements> {
  const { bundles, calls } = await bundlesOf(machine, door);
  const starts = await interleavedStarts(machine, door, bundles, rounds);
  return {
    rows: rowsOf(door, bundles, starts),
    notes: [`${door}'s first answer takes ${calls.map(({ action }) => action).join(', ')}`],
  };
}

/** Ours is run once to see which calls it makes: the others make the same ones. */
async function bundlesOf(machine: ColdMachine, door: ColdDoorName): Promise<{ bundles: Bundles; calls: Call[] }> {
  const { folder } = machine;
  const ours = await oursIn(folder, door, `functions/${door}.ts`);
  const calls = await callsOf(machine, door, ours);
  const bundles = {
    ours,
    empty: await written(folder, `${door}-empty`, EMPTY, 'ours'),
    clients: await written(folder, `${door}-clients`, clientsOnly(calls), 'ours'),
    trimmed: await written(folder, `${door}-trimmed`, trimmed(calls), 'ours'),
    usual: await written(folder, `${door}-usual`, usual(calls), 'usual'),
  };
  for (const peer of [bundles.trimmed, bundles.usual])
    if (named(await callsOf(machine, door, peer)) !== named(calls))
      throw new Error(`${peer.file} does not make the calls that ${door} makes`);
  return { bundles, calls };
}

async function callsOf(machine: ColdMachine, door: ColdDoorName, bundle: Bundle): Promise<Call[]> {
  machine.aws.taken();
  await coldStart(machine, door, bundle);
  return machine.aws.taken();
}

const named = (calls: readonly Call[]): string =>
  calls
    .map(({ service, action }) => `${service}.${action}`)
    .sort()
    .join();

async function interleavedStarts(
  machine: ColdMachine,
  door: ColdDoorName,
  bundles: Bundles,
  rounds: number,
): Promise<Starts> {
  const names = Object.keys(bundles) as (keyof Bundles)[]; // the keys of the record above
  const starts = new Map<string, ColdStart[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (const name of round % 2 === 0 ? names : names.toReversed())
      starts.get(name)?.push(await coldStart(machine, door, bundles[name]));
  const of = (name: keyof Bundles) => medianOf(starts.get(name) ?? []);
  return {
    ours: of('ours'),
    empty: of('empty'),
    clients: of('clients'),
    trimmed: of('trimmed'),
    usual: of('usual'),
  };
}

/** What a trimmed handler and the usual bundle may cost relative to ours. */
const GOALS = { trimmed: atMost(1.3), usual: atMost(0.65) };

const rowsOf = (door: ColdDoorName, bundles: Bundles, { ours, empty, clients, trimmed, usual }: Starts): Row[] => {
  const measured = (what: string, unit: string, of: number, reference: number) => ({
    name: `${door}: ${what}`,
    unit,
    ours: of,
    reference,
  });
  return [
    row(measured('bundle / usual bundle', 'KB', bundles.ours.bytes / 1000, bundles.usual.bytes / 1000)),
    row(measured('import / empty handler', 'ms', ours.importWallMs, empty.importWallMs)),
    row(measured('import / empty handler', 'ms CPU', ours.importMs, empty.importMs)),
    row(measured('import / its SDK clients alone', 'ms CPU', ours.importMs, clients.importMs)),
    row(measured('import and first call / trimmed handler', 'ms CPU', ours.firstMs, trimmed.firstMs), GOALS.trimmed),
    row(measured('import and first call / usual bundle', 'ms CPU', ours.firstMs, usual.firstMs), GOALS.usual),
  ];
};
