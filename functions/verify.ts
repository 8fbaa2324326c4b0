import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { CLIENT } from './adapters/aws.ts';
import { MirrorEnvironment, readEnvironment } from './adapters/environment.ts';
import { log } from './adapters/log.ts';
import { mirrorsIn } from './adapters/mirrors.ts';
import { tableNamed } from './adapters/registry-table.ts';
import { sqsDoor } from './adapters/sqs-door.ts';
import { verifyMessages } from './handlers/verify.ts';

const environment = readEnvironment(MirrorEnvironment);
const client = new SQSClient(CLIENT);
const mirrors = mirrorsIn(environment.MIRRORS, {
  table: tableNamed(environment.REGISTRY_TABLE),
  queues: client,
  secrets: new SecretsManagerClient(CLIENT),
  pseudonymSecret: environment.PSEUDONYM_SECRET,
  log,
});

/** Asks hosted sides what they hold, and has what differs told again. */
export const handler = sqsDoor({
  stage: 'verify',
  settle: (deliveries) => verifyMessages(mirrors, deliveries),
  client,
  queueUrls: environment.MIRRORS.map(({ checks }) => checks),
  longestWaitS: 300,
  log,
});
