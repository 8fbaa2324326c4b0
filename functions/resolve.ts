import { historyOf } from './aws/history-reader.ts';
import { dynamodbRegistryStore, tableNamed } from './aws/registry-store.ts';
import { NEWEST, secretsIn } from './aws/secrets.ts';
import { deviceKey } from './core/fence.ts';
import { ResolveEnvironment } from './lambda/device-environment.ts';
import { readEnvironment } from './lambda/environment.ts';
import { httpDoor } from './lambda/http.ts';
import { logOf } from './lambda/log.ts';
import { resolveHandler } from './resolve/handler.ts';
import { readerSecret } from './resolve/reader.ts';

const log = logOf('resolve');
const { REGISTRY_TABLE, BINDERY_CONFIG, READER_SECRETS, DEVICE_SECRET, HISTORY } = readEnvironment(ResolveEnvironment);
const store = dynamodbRegistryStore(tableNamed(REGISTRY_TABLE));
const secretsOf = secretsIn(READER_SECRETS, readerSecret, log);
const fenceKeys = secretsIn({ device: DEVICE_SECRET }, deviceKey, log, NEWEST);
const ports = { ...BINDERY_CONFIG, store, secretsOf, fenceKeys: () => fenceKeys('device'), now: Date.now };

/** `POST /v1/resolve`, `POST /v1/devices` and `GET /v1/operations/{id}`: the questions of senders. */
export const handler = httpDoor(resolveHandler({ ...ports, history: historyOf(HISTORY) }), log);
