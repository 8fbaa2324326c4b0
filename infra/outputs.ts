import type { Configuration } from '../functions/core/bindery-json.ts';
import { deviceDoors, hasSecret, isQueued } from './configuration.ts';
import type { Stage } from './stages.ts';

/** Names of outputs have letters and digits only: `xg-android` is `XgAndroid`. */
export const pascal = (id: string): string =>
  id
    .split(/[-_]/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');

/** The outputs with the addresses of a front, by door. An HTTP API has one address for all. */
export const URL_OUTPUTS = {
  events: 'EventsUrl',
  'account-api': 'AccountApiUrl',
  devices: 'DevicesUrl',
  resolve: 'ResolveUrl',
} as const;

/** Returns the names of all outputs that the stack of a stage has (infra/stack.ts). */
export function outputsOf(configuration: Configuration, { front, encryption }: Stage): string[] {
  const { apps, sources, readers } = configuration;
  const doors = ['events', 'account-api', ...deviceDoors(configuration)] as const;
  const named = (prefix: string, all: readonly { id: string }[]) => all.map(({ id }) => `${prefix}${pascal(id)}`);
  const queued = sources.filter(isQueued);
  const mirrored = apps.filter(({ mirror }) => mirror);
  return [
    ...(front === 'http-api' ? ['Url'] : doors.map((door) => URL_OUTPUTS[door])),
    'TableName',
    ...(configuration.history.days > 0 ? ['HistoryTableName'] : []),
    ...['OperationsQueueUrl', 'ParkedQueueUrl', 'DashboardName'],
    ...(encryption === 'kms' ? ['KeyArn'] : []),
    ...named('SecretOfApp', apps),
    ...named('SecretOfSource', sources.filter(hasSecret)),
    ...named('SecretOfReader', readers),
    ...(doors.length > 2 ? ['SecretOfDevices'] : []),
    ...['QueueUrlOfSource', 'DeadLettersUrlOfSource'].flatMap((prefix) => named(prefix, queued)),
    ...['MirrorQueueUrlOf', 'MirrorDeadLettersUrlOf', 'MirrorSecretOf'].flatMap((prefix) => named(prefix, mirrored)),
  ];
}
