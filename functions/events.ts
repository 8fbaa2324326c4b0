import { acceptInto } from './aws/queues.ts';
import { dynamodbRegistryStore, READS, registryIn, tableNamed } from './aws/registry-store.ts';
import { secretsIn } from './aws/secrets.ts';
import { eventsHandler } from './events/handler.ts';
import { webhookKey } from './events/signature.ts';
import { reachesOf } from './events/source.ts';
import { EventsEnvironment, readEnvironment } from './lambda/environment.ts';
import { httpDoor } from './lambda/http.ts';
import { logOf } from './lambda/log.ts';

const log = logOf('events');
const environment = readEnvironment(EventsEnvironment);
const reaches = reachesOf(environment.BINDERY_CONFIG);
const keysOf = secretsIn(environment.SOURCE_SECRETS, webhookKey, log);
const table = tableNamed(environment.REGISTRY_TABLE);
const store = dynamodbRegistryStore(table);
const accept = acceptInto(environment.OPERATIONS_QUEUE_URL, registryIn(table, READS.events));

/** `POST /events/{source}`: accepts signed auth events. */
export const handler = httpDoor(eventsHandler({ reaches, keysOf, accept, store, now: Date.now }), log);
