import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { command } from '../../cli/command.ts';
import { registryIn, tableNamed } from '../../functions/aws/registry-store.ts';
import { NAMES } from '../../local/aws/resources.ts';
import { startCloud } from '../cost/cloud.ts';
import { ours } from '../cost/ours/ours.ts';
import { scaleOfAccount } from './account.ts';
import { scaleOfBacklog } from './backlog.ts';
import { scaleOfBatch } from './batch.ts';
import { scaleOfCrowd } from './crowd.ts';
import { csvOf, parseTable, type Table } from './csv.ts';
import { PLOTS } from './plots.ts';
import { svgOf } from './svg.ts';
import { scaleOfToken } from './token.ts';

async function measure(phones: number | undefined): Promise<Record<string, Table>> {
  const cloud = await startCloud();
  try {
    const { alone: deployed } = (await ours(cloud)).plain;
    const registry = registryIn(tableNamed(NAMES.table));
    if (phones !== undefined) return { crowd: await scaleOfCrowd(cloud, registry, phones) };
    return {
      token: await scaleOfToken(cloud, registry),
      batch: await scaleOfBatch(cloud, deployed),
      account: await scaleOfAccount(cloud, registry),
      backlog: await scaleOfBacklog(),
    };
  } finally {
    await cloud.stop();
  }
}

export const run = command({
  name: 'bench scale',
  usage: 'npm run bench -- scale [options]',
  about:
    "Measures how cost grows with an account's phones, a phone's accounts, a request's events and a backlog. Writes the figures as CSV and plots of them as SVG. The embedded DynamoDB and SQS report the units.",
  options: {
    out: { value: 'DIR', default: 'docs/performance', help: 'the folder to write to' },
    phones: { value: 'N', help: 'only an account of so many phones. A million take ten minutes here' },
    plot: { help: 'only draw the plots again, from the CSV in that folder' },
  },
  run: async ({ values }) => {
    mkdirSync(values.out, { recursive: true });
    const tables = values.plot ? {} : await measure(values.phones === undefined ? undefined : Number(values.phones));
    for (const [name, table] of Object.entries(tables)) {
      process.stdout.write(`${name}\n${csvOf(table)}\n`);
      writeFileSync(join(values.out, `${name}.csv`), csvOf(table));
    }
    for (const [name, { csv, plot }] of Object.entries(PLOTS)) {
      const table = parseTable(readFileSync(join(values.out, `${csv}.csv`), 'utf8'));
      writeFileSync(join(values.out, `${name}.svg`), svgOf(table, plot));
    }
    return 0;
  },
});
