import { setTimeout } from 'node:timers/promises';
import { accountApiHandler } from './account-api/handler.ts';
import { appSecret } from './account-api/wire/credentials.ts';
import { acceptInto } from './aws/queues.ts';
import { READS, registryIn, tableNamed } from './aws/registry-store.ts';
import { secretsIn } from './aws/secrets.ts';
import { AccountApiEnvironment, readEnvironment } from './lambda/environment.ts';
import { httpDoor } from './lambda/http.ts';
import { logOf } from './lambda/log.ts';

const log = logOf('account-api');
const environment = readEnvironment(AccountApiEnvironment);
const registry = registryIn(tableNamed(environment.REGISTRY_TABLE), READS['account-api']);
const accept = acceptInto(environment.OPERATIONS_QUEUE_URL, registry);
const secretsOf = secretsIn(environment.APP_SECRETS, appSecret, log);
const apps = new Map(environment.BINDERY_CONFIG.apps.map((app) => [`${app.id}`, app]));

/** `POST /v3/device/account/batchoperate` and `/query`: the Account API. */
export const handler = httpDoor(accountApiHandler({ ...registry, apps, secretsOf, accept, sleep: setTimeout }), log);
