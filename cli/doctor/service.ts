import { THRESHOLDS } from '../../infra/monitoring/thresholds.ts';
import { error, type Finding, ok, warning } from './finding.ts';

/** Judges the outputs of the stack by those that this version of Bindery makes. */
export function judgeOutputs(expected: readonly string[], outputs: Readonly<Record<string, string>>): Finding[] {
  const missing = expected.filter((name) => outputs[name] === undefined);
  if (missing.length === 0) return [ok(`the stack has all ${expected.length} outputs`)];
  const what = `the stack has no output ${missing.join(', ')}`;
  return [error(what, 'another version, or another bindery.json, is deployed', 'npm run deploy -- -c stage=STAGE')];
}

/** Judges the state of a stack, such as `UPDATE_ROLLBACK_FAILED`. */
export function judgeStatus(status: string): Finding[] {
  if (/_FAILED$/.test(status))
    return [error(`the stack is ${status}`, 'it can be deployed again only after a repair', EVENTS)];
  if (/_IN_PROGRESS$/.test(status))
    return [warning(`the stack is ${status}`, 'it is changing', 'wait, and run it again')];
  return [];
}

const EVENTS = 'read its first failed event: docs/operations/deploy.md, Go wrong';

/** Judges the numbers of messages on the operations queue and on the parked one. */
export function judgeQueues({
  parked,
  operations,
}: {
  readonly parked: number;
  readonly operations: number;
}): Finding[] {
  if (parked === 0) return [ok(`no message is parked, ${operations} wait`)];
  const todo = 'npx bindery dlq list, then docs/operations/redrive.md';
  return [error(`messages parked: ${parked}`, 'an account may still be bound although it signed out', todo)];
}

/** Judges the age of the oldest message on the operations queue (s); undefined if CloudWatch has none. */
export function judgeOldest(oldestS: number | undefined): Finding[] {
  if (oldestS === undefined) return [ok('no operation waits')];
  if (oldestS < THRESHOLDS.oldestS) return [ok(`the oldest operation waits for ${oldestS} s`)];
  const todo = 'docs/operations/alarms.md, Operations not received';
  return [error(`the oldest operation waits for ${oldestS} s`, 'it was accepted and is not applied', todo)];
}

/** An alarm that is on: its text is the one of infra/monitoring/alarms.ts. */
export type AlarmText = { readonly name: string; readonly text: string };

export function judgeAlarms(alarms: readonly AlarmText[]): Finding[] {
  if (alarms.length === 0) return [ok('no alarm is on')];
  return alarms.map(({ name, text }) => {
    const [meaning = '', first = ''] = text.split(' First: ');
    return error(`the alarm ${name} is on`, meaning, first);
  });
}

/** How Lambda feeds a queue to a function. */
export type Mapping = { readonly queue: string; readonly state: string; readonly most?: number | undefined };

/** Judges the mappings. `feed`: the operations queue, and the executions that bindery.json gives it. */
export function judgeMappings(
  mappings: readonly Mapping[],
  feed: { readonly queue: string; readonly maxConcurrency: number },
): Finding[] {
  const off = mappings.filter(({ state }) => state !== 'Enabled');
  const own = mappings.find(({ queue }) => queue === feed.queue);
  const isOther = own !== undefined && own.most !== feed.maxConcurrency;
  const findings = [
    ...(own ? [] : [error(`no function reads ${feed.queue}`, 'operations are not applied', ENABLE)]),
    ...off.map(({ queue, state }) =>
      (/(Creat|Enabl|Updat)ing/.test(state) ? warning : error)(
        `the event source mapping of ${queue} is ${state}`,
        'no function reads this queue',
        ENABLE,
      ),
    ),
    ...(isOther
      ? [
          warning(
            `maxConcurrency is ${own.most} in AWS and ${feed.maxConcurrency} in bindery.json`,
            'the first one counts',
            'deploy',
          ),
        ]
      : []),
  ];
  return findings.length > 0 ? findings : [ok(`${mappings.length} queues are read by their functions`)];
}

const ENABLE = 'aws lambda update-event-source-mapping --uuid UUID --enabled, or deploy';

/** Settings of the table that a restore leaves out. */
export type TableSettings = { readonly expiry: string | undefined; readonly isBackedUp: boolean };

export function judgeTable({ expiry, isBackedUp }: TableSettings): Finding[] {
  const page = 'docs/operations/restore.md, Type';
  const findings = [
    ...(expiry === 'expires' ? [] : [warning('the table has no expiry', 'items that are not needed stay', page)]),
    ...(isBackedUp ? [] : [warning('the table has no point-in-time recovery', 'it cannot be restored', page)]),
  ];
  return findings.length > 0 ? findings : [ok('the table expires items and can be restored')];
}
