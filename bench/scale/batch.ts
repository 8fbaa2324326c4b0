import type { Cloud } from '../cost/cloud.ts';
import type { Deployment } from '../cost/deployment.ts';
import { countedOn } from '../cost/run.ts';
import type { Table } from './csv.ts';

const SIZES = [1, 2, 5, 10, 20, 50, 100];

/** The cost of an event in requests of one to a hundred events, through the deployed functions. */
export async function scaleOfBatch(cloud: Cloud, deployed: Deployment): Promise<Table> {
  const rows: number[][] = [];
  for (const size of SIZES) {
    const units = await countedOn(cloud, deployed, `size-${size}`, { size, events: 200 + 8 * size });
    const { sqsRequests, invocations, writeUnits, readUnits, cpuMs } = units;
    rows.push([size, ...[sqsRequests, invocations, writeUnits, readUnits, cpuMs].map((unit) => unit / 1000)]);
  }
  return { columns: ['events', 'sqs_requests', 'invocations', 'write_units', 'read_units', 'cpu_ms'], rows };
}
