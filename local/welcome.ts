import { columns } from './columns.ts';
import type { Instance } from './instance.ts';

/** What a person reads when an instance is ready: where it is, who may talk to it, and what to try. */
export function welcome({ url, apps, sources, sqs, dynamodb }: Instance): string {
  const app = apps[0]?.id;
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
    'In another terminal:',
    '',
    `  npm run send -- login --app ${app} --token phone-1 --account alice`,
    '  npm run query -- --account alice',
    `  npm run send -- logout --app ${app} --token phone-1`,
    '',
    'Ctrl-C stops it.',
    '',
  ].join('\n');
}
