import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { CLIENT } from './adapters/aws.ts';
import { dispatchTo } from './adapters/dispatcher.ts';
import { EventsEnvironment, readEnvironment } from './adapters/environment.ts';
import { httpDoor } from './adapters/http.ts';
import { logOf } from './adapters/log.ts';
import { READS } from './adapters/registry-reads.ts';
import { registryIn } from './adapters/registry-table.ts';
import { secretsReader } from './adapters/secrets.ts';
import { eventsHandler } from './handlers/events.ts';
import { reachesOf } from './sources/app-auth-event.ts';
import { webhookKey } from './sources/signature.ts';

const log = logOf('events');
const environment = readEnvironment(EventsEnvironment);
const dispatch = dispatchTo(environment.OPERATIONS_QUEUE_URL, registryIn(environment.REGISTRY_TABLE, READS.events));
const client = new SecretsManagerClient(CLIENT);
const now = Date.now;
const keysOf = secretsReader({ client, names: environment.SOURCE_SECRETS, decode: webhookKey, now, log });

/** `POST /events/{source}`: signed auth events in. */
export const handler = httpDoor(
  eventsHandler({ reaches: reachesOf(environment.BINDERY_CONFIG), keysOf, dispatch, now }),
  log,
);
