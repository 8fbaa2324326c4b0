import { columns } from './columns.ts';
import type { Instance } from './instance.ts';
import { SETTLE_S } from './mirrored.ts';

/** What a person reads when an instance is ready: where it is, who may talk to it, and what to try. */
export function welcome({ url, apps, sources, sqs, dynamodb, mirror }: Instance): string {
  const mirrored = mirror && apps.find((one) => one.mirrored)?.id;
  const app = mirrored ?? apps[0]?.id;
  return [
    `Bindery answers at ${url}`,
    '',
    ...columns([
      ['app', 'dialect', 'policy', 'platform', 'secret key'],
      ...apps.map(({ id, dialect, policy, platform, secretKey }) => [id, dialect, policy, platform, secretKey]),
    ]),
    '',
    ...columns([['source', 'secret'], ...sources.map(({ id, secret }) => [id, secret])]),
    '',
    ...columns([
      ['SQS', sqs],
      ['DynamoDB', dynamodb],
    ]),
    '',
    ...(mirror && mirrored ? mirrorLines(mirrored, mirror) : []),
    'In another terminal:',
    '',
    `  npm run send -- login --app ${app} --token phone-1 --account alice`,
    '  npm run query -- --account alice',
    ...(mirror ? ['  npm run query -- --hosted --account alice'] : []),
    `  npm run send -- logout --app ${app} --token phone-1`,
    '',
    'Ctrl-C stops it.',
    '',
  ].join('\n');
}

const mirrorLines = (mirrored: string, { url, app }: NonNullable<Instance['mirror']>): string[] => [
  `The app ${mirrored} is mirrored to a hosted side, which does what it is asked some seconds later:`,
  '',
  ...columns([
    ['URL', 'app', 'dialect', 'secret key'],
    [url, app.id, app.dialect, app.secretKey],
  ]),
  '',
  `A difference is seen and mended after ${SETTLE_S} s.`,
  '',
];
