import { startDynamodb, startSecrets, startSqs } from '../../../local/aws/servers.ts';
import { SOURCE_SECRET } from '../../installation.ts';
import { NO_UNITS, sum, type Units } from '../units.ts';
import { meterDynamodb } from './dynamodb.ts';
import { type Meter, startProxy } from './proxy.ts';
import { meterSqs } from './sqs.ts';

/**
 * The embedded SQS, DynamoDB and Secrets Manager behind meters. It is a process of its own, so that only the functions'
 * processor time is counted. Sends its URLs, then answers every message with the units since the one before.
 * After the message `at once` the queue ignores the delay of messages.
 */
let units = NO_UNITS;
const count = (more: Partial<Units>) => {
  units = sum(units, more);
};

const secrets = new Map(
  ['sources/app', 'readers/sender', 'devices'].map((name) => [`bindery/${name}`, { AWSCURRENT: SOURCE_SECRET }]),
);
const [sqs, dynamodb, vault] = [await startSqs(), await startDynamodb(), await startSecrets(secrets)];
let atOnce = false;
const sqsMeter: Meter = (action, { DelaySeconds, ...input }, ...rest) =>
  meterSqs(action, atOnce || DelaySeconds === undefined ? input : { ...input, DelaySeconds }, ...rest);

process.on('message', (question) => {
  atOnce ||= question === 'at once';
  process.send?.(units);
  units = NO_UNITS;
});
process.on('disconnect', () => process.exit(0));
process.send?.({
  sqs: await startProxy(sqs.url, sqsMeter, count),
  dynamodb: await startProxy(dynamodb.url, meterDynamodb, count),
  secrets: vault.url,
});
