import { readFileSync, writeFileSync } from 'node:fs';
import * as z from 'zod';
import { inThread } from './jobs.ts';
import type { Hunt } from './mutants.ts';
import { SUITES, type Swept } from './suites.ts';

const FILE = new URL('./noticed.json', import.meta.url);

/** By the name of a mutant, the first seed that noticed it in the last full hunt. */
export type Noticed = Readonly<Record<string, number>>;

export const readNoticed = (): Noticed => z.record(z.string(), z.int()).parse(JSON.parse(readFileSync(FILE, 'utf8')));

export const writeNoticed = (noticed: Noticed): void => writeFileSync(FILE, `${JSON.stringify(noticed, null, 2)}\n`);

/** Looks for a mutant in the seeds that `npm test` runs of its suite, until one notices it. */
export const hunt = (mutant: Hunt): Promise<Swept> => sweptFor(mutant, 0, SUITES[mutant.suite].seeds);

/** Looks first where it was noticed before: some take hundreds of seeds. */
export async function huntFrom(noticed: Noticed, mutant: Hunt): Promise<Swept> {
  const seed = noticed[mutant.name];
  const there = seed === undefined ? undefined : await sweptFor(mutant, seed, 1);
  return there === undefined || there.findings.length === 0 ? hunt(mutant) : there;
}

const sweptFor = (mutant: Hunt, from: number, count: number): Promise<Swept> =>
  inThread({ mutant, sweep: { suite: mutant.suite, from, count, isFirstEnough: true } });
