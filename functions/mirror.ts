import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { CLIENT } from './aws/client.ts';
import { mirrorsIn } from './aws/mirrors.ts';
import { tableNamed } from './aws/registry-store.ts';
import { MirrorEnvironment, readEnvironment } from './lambda/environment.ts';
import { log } from './lambda/log.ts';
import { sqsDoor } from './lambda/sqs.ts';
import { pushMessages } from './mirror/push.ts';

const environment = readEnvironment(MirrorEnvironment);
const client = new SQSClient(CLIENT);
const mirrors = mirrorsIn(environment.MIRRORS, {
  table: tableNamed(environment.REGISTRY_TABLE),
  queues: client,
  secrets: new SecretsManagerClient(CLIENT),
  pseudonymSecret: environment.PSEUDONYM_SECRET,
  log,
});

/** The mirrors' worker: tells the hosted side what changed. */
export const handler = sqsDoor({
  stage: 'mirror',
  settle: (deliveries) => pushMessages(mirrors, deliveries),
  client,
  queueUrls: environment.MIRRORS.map(({ marks }) => marks),
  longestWaitS: 300,
  log,
});
