import { acceptInto } from './aws/queues.ts';
import { dynamodbRegistryStore, READS, registryIn, tableNamed } from './aws/registry-store.ts';
import { secretsIn } from './aws/secrets.ts';
import { deviceKey } from './core/fence.ts';
import { devicesHandler } from './devices/handler.ts';
import { webhookKey } from './events/signature.ts';
import { DevicesEnvironment } from './lambda/device-environment.ts';
import { readEnvironment } from './lambda/environment.ts';
import { httpDoor } from './lambda/http.ts';
import { logOf } from './lambda/log.ts';

const log = logOf('devices');
const { BINDERY_CONFIG, ...environment } = readEnvironment(DevicesEnvironment);
const table = tableNamed(environment.REGISTRY_TABLE);
const accept = acceptInto(environment.OPERATIONS_QUEUE_URL, registryIn(table, READS.devices));
const keysOf = secretsIn(environment.SOURCE_SECRETS, webhookKey, log);
const ownKeys = secretsIn({ own: environment.DEVICE_SECRET }, deviceKey, log);
const ports = { keysOf, ownKeys: () => ownKeys('own'), accept, store: dynamodbRegistryStore(table), now: Date.now };
/** `POST /devices/{app}/sign-in` and `/sign-out`: the calls of phones. */
export const handler = httpDoor(devicesHandler({ ...BINDERY_CONFIG, ...ports, fetch }), log);
