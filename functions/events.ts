import { acceptInto } from './aws/queues.ts';
import { dynamodbRegistryStore, READS, registryIn, tableNamed } from './aws/registry-store.ts';
import { secretsIn } from './aws/secrets.ts';
import { eventsHandler } from './events/handler.ts';
import { kindNamed } from './events/kinds.ts';
import { keyIn, openSources } from './events/source.ts';
import { EventsEnvironment, readEnvironment } from './lambda/environment.ts';
import { httpDoor } from './lambda/http.ts';
import { logOf } from './lambda/log.ts';

const log = logOf('events');
const environment = readEnvironment(EventsEnvironment);
const sources = openSources(environment.BINDERY_CONFIG, kindNamed, { fetch, now: Date.now });
const keysOf = secretsIn(environment.SOURCE_SECRETS, keyIn(sources), log);
const table = tableNamed(environment.REGISTRY_TABLE);
const store = dynamodbRegistryStore(table);
const accept = acceptInto(environment.OPERATIONS_QUEUE_URL, registryIn(table, READS.events));

/** `/events/{source}`: accepts auth events of the app and of identity providers. */
export const handler = httpDoor(eventsHandler({ sources, keysOf, accept, store, now: Date.now }), log);
