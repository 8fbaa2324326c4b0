import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { CLIENT } from './adapters/aws.ts';
import { dispatchTo } from './adapters/dispatcher.ts';
import { AccountApiEnvironment, readEnvironment } from './adapters/environment.ts';
import { httpDoor } from './adapters/http.ts';
import { logOf } from './adapters/log.ts';
import { READS } from './adapters/registry-reads.ts';
import { registryIn } from './adapters/registry-table.ts';
import { secretsReader } from './adapters/secrets.ts';
import { accountApiHandler } from './handlers/account-api.ts';
import { appSecret } from './wire/credentials.ts';

const log = logOf('account-api');
const environment = readEnvironment(AccountApiEnvironment);
const registry = registryIn(environment.REGISTRY_TABLE, READS['account-api']);
const dispatch = dispatchTo(environment.OPERATIONS_QUEUE_URL, registry);
const client = new SecretsManagerClient(CLIENT);
const now = Date.now;
const secretsOf = secretsReader({ client, names: environment.APP_SECRETS, decode: appSecret, now, log });
const apps = new Map(environment.BINDERY_CONFIG.apps.map((app) => [`${app.id}`, app]));

/** `POST /v3/device/account/batchoperate` and `/query`: the Account API. */
export const handler = httpDoor(accountApiHandler({ apps, secretsOf, store: registry.store, dispatch, now }), log);
