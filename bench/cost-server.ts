import { startDynamodb } from '../local/dynamodb-server.ts';
import { startSecrets } from '../local/secrets-server.ts';
import { startSqs } from '../local/sqs-server.ts';
import { NO_UNITS, sum, type Units } from './cost-units.ts';
import { meteredDynamodb } from './metered-dynamodb.ts';
import { startProxy } from './metered-proxy.ts';
import { meteredSqs } from './metered-sqs.ts';

/**
 * The embedded SQS, DynamoDB and Secrets Manager in a process of their own, so that the functions' processor time is
 * theirs alone. Says where they are; answers every message with what was consumed since the last.
 */
let consumed = NO_UNITS;
const count = (units: Partial<Units>) => {
  consumed = sum(consumed, units);
};

const [, , secrets = '{}'] = process.argv;
const versions = Object.entries(JSON.parse(secrets)).map(([name, text]) => [name, { AWSCURRENT: `${text}` }] as const);
const [sqs, dynamodb, vault] = [await startSqs(), await startDynamodb(), await startSecrets(new Map(versions))];
process.on('message', () => {
  process.send?.(consumed);
  consumed = NO_UNITS;
});
process.on('disconnect', () => process.exit(0));
process.send?.({
  sqs: await startProxy(sqs.url, meteredSqs, count),
  dynamodb: await startProxy(dynamodb.url, meteredDynamodb, count),
  secrets: vault.url,
});
