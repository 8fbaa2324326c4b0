import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Group } from '../group.ts';
import { SOURCE_SECRET } from '../installation.ts';
import { atMost, type Row, row } from '../report.ts';
import { type Call, startStubAws } from './aws.ts';
import { COLD_DOORS, type ColdDoorName } from './doors.ts';
import { type ColdMachine, type ColdStart, coldStart, medianOf } from './run.ts';
import {
  type Bundle,
  bundleOnSdk,
  bundleOurs,
  bundleProcess,
  bundleSource,
  EMPTY,
  trimmed,
  usual,
} from './variants.ts';

type Measurements = Awaited<ReturnType<Group>>;

/** Our bundle as deployed, and the bundles it is compared with. */
type Bundles = Readonly<Record<'ours' | 'sdk' | 'empty' | 'trimmed' | 'usual', Bundle>>;
type Starts = Readonly<Record<keyof Bundles, ColdStart>>;

/** Cold starts of each bundle by default. */
export const COLD_STARTS = 9;

/** Measures cold starts of the functions, each in turns with the bundles it is compared with. Returns medians. */
export async function coldRows(rounds: number): Promise<Measurements> {
  const folder = mkdtempSync(join(tmpdir(), 'bindery-cold-'));
  const aws = await startStubAws(SOURCE_SECRET); // one secret for the source and for the app
  try {
    const machine = { folder, child: await bundleProcess(folder), aws };
    const parts: Measurements[] = [];
    for (const door of DOORS) parts.push(await doorRows(machine, door, rounds));
    return { rows: parts.flatMap(({ rows }) => rows), notes: parts.flatMap(({ notes = [] }) => notes) };
  } finally {
    await aws.stop();
    rmSync(folder, { recursive: true });
  }
}

const DOORS = Object.keys(COLD_DOORS) as ColdDoorName[]; // a record's keys

async function doorRows(machine: ColdMachine, door: ColdDoorName, rounds: number): Promise<Measurements> {
  const { bundles, calls } = await bundlesOf(machine, door);
  const starts = await interleavedStarts(machine, door, bundles, rounds);
  return {
    rows: rowsOf(door, bundles, starts),
    notes: [`${door}: its first call makes the AWS calls ${calls.map(({ action }) => action).join(', ')}`],
  };
}

/** Runs our bundle once to record its AWS calls. The other bundles make the same calls. */
async function bundlesOf(machine: ColdMachine, door: ColdDoorName): Promise<{ bundles: Bundles; calls: Call[] }> {
  const { folder } = machine;
  const ours = await bundleOurs(folder, door, `functions/${door}.ts`);
  const calls = await callsOf(machine, door, ours);
  const bundles = {
    ours,
    sdk: await bundleOnSdk(folder, door, `functions/${door}.ts`),
    empty: await bundleSource(folder, `${door}-empty`, EMPTY, 'ours'),
    trimmed: await bundleSource(folder, `${door}-trimmed`, trimmed(calls), 'ours'),
    usual: await bundleSource(folder, `${door}-usual`, usual(calls), 'usual'),
  };
  for (const peer of [bundles.trimmed, bundles.usual])
    if (namesOf(await callsOf(machine, door, peer)) !== namesOf(calls))
      throw new Error(`bug: ${peer.file} makes other AWS calls than ${door}: ${namesOf(calls)}`);
  return { bundles, calls };
}

async function callsOf(machine: ColdMachine, door: ColdDoorName, bundle: Bundle): Promise<Call[]> {
  machine.aws.takeCalls();
  await coldStart(machine, door, bundle);
  return machine.aws.takeCalls();
}

const namesOf = (calls: readonly Call[]): string =>
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
  const names = Object.keys(bundles) as (keyof Bundles)[]; // a record's keys
  const starts = new Map<string, ColdStart[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (const name of round % 2 === 0 ? names : names.toReversed())
      starts.get(name)?.push(await coldStart(machine, door, bundles[name]));
  const of = (name: keyof Bundles) => medianOf(starts.get(name) ?? []);
  return {
    ours: of('ours'),
    sdk: of('sdk'),
    empty: of('empty'),
    trimmed: of('trimmed'),
    usual: of('usual'),
  };
}

/** The most that ours may cost relative to a handler that makes the same calls alone, and to the usual bundle. */
const GOALS = { trimmed: atMost(1.3), usual: atMost(0.4) };

const rowsOf = (door: ColdDoorName, bundles: Bundles, { ours, sdk, empty, trimmed, usual }: Starts): Row[] => {
  const figures = (name: string, unit: string, ours: number, reference: number) => ({
    name: `${door}: ${name}`,
    unit,
    ours,
    reference,
  });
  return [
    row(figures('bundle / usual bundle', 'KB', bundles.ours.bytes / 1000, bundles.usual.bytes / 1000)),
    row(figures('import / empty handler', 'ms', ours.importWallMs, empty.importWallMs)),
    row(figures('import / empty handler', 'ms CPU', ours.importMs, empty.importMs)),
    row(figures('import and first call / on the SDK', 'ms CPU', ours.firstMs, sdk.firstMs)),
    row(
      figures('import and first call / the same calls alone', 'ms CPU', ours.firstMs, trimmed.firstMs),
      GOALS.trimmed,
    ),
    row(figures('import and first call / usual bundle', 'ms CPU', ours.firstMs, usual.firstMs), GOALS.usual),
  ];
};
