import { startDynamodb, startSecrets, startSqs } from '../../../local/aws/servers.ts';
import { NO_UNITS, sum, type Units } from '../units.ts';
import { meteredDynamodb } from './dynamodb.ts';
import { type Metered, startProxy } from './proxy.ts';
import { meteredSqs } from './sqs.ts';

/**
 * The embedded SQS, DynamoDB and Secrets Manager in a process of their own, so that the functions' processor time is
 * theirs alone. Says where they are; answers every message with what was consumed since the last.
 * From the question `at once` on, the queue delivers at once, whatever delay a message was sent with.
 */

let consumed = NO_UNITS;
const count = (units: Partial<Units>) => {
  consumed = sum(consumed, units);
};

const [, , secrets = '{}'] = process.argv;
const versions = Object.entries(JSON.parse(secrets)).map(([name, text]) => [name, { AWSCURRENT: `${text}` }] as const);
const [sqs, dynamodb, vault] = [await startSqs(), await startDynamodb(), await startSecrets(new Map(versions))];
/** Whether messages come without the delay they were sent with. */
let atOnce = false;
const sqsMeter: Metered = (action, { DelaySeconds, ...input }, ...rest) =>
  meteredSqs(action, atOnce || DelaySeconds === undefined ? input : { ...input, DelaySeconds }, ...rest);

process.on('message', (said) => {
  atOnce ||= said === 'at once';
  process.send?.(consumed);
  consumed = NO_UNITS;
});
process.on('disconnect', () => process.exit(0));
process.send?.({
  sqs: await startProxy(sqs.url, sqsMeter, count),
  dynamodb: await startProxy(dynamodb.url, meteredDynamodb, count),
  secrets: vault.url,
});
