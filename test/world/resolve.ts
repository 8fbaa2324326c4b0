import { applyAll } from '../../functions/core/apply.ts';
import { App } from '../../functions/core/configuration.ts';
import { deviceKey } from '../../functions/core/fence.ts';
import { Reader } from '../../functions/core/identity.ts';
import type { Operation } from '../../functions/core/operation.ts';
import type { HttpReply, HttpRequest } from '../../functions/lambda/request.ts';
import { type ResolvePorts, resolveHandler } from '../../functions/resolve/handler.ts';
import { readerSecret } from '../../functions/resolve/reader.ts';
import { memoryRegistryStore } from '../memory/registry-store.ts';

const APPS = [
  { id: 'shop', dialect: 'xg', platform: 'android', policy: 'many' },
  { id: 'chat', dialect: 'xg', platform: 'ios', policy: 'many' },
  { id: 'bank', dialect: 'xg', platform: 'android', policy: 'many' },
].map((app) => App.parse(app));

/** `sender` may read shop and chat; `other` may read bank. */
const READERS = [
  { id: 'sender', apps: ['shop', 'chat'] },
  { id: 'other', apps: ['bank'] },
].map((reader) => Reader.parse(reader));

export const FENCE_KEY = deviceKey('the secret of devices');

const NOW = 1_000_000;

export const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });

/** The real handler and core over a registry in memory. `other`: ports to use instead. */
export function world(other: Partial<ResolvePorts> = {}) {
  const store = other.store ?? memoryRegistryStore();
  const handle = resolveHandler({
    apps: APPS,
    readers: READERS,
    secretsOf: async (reader) => [readerSecret(`newest-of-${reader}`), readerSecret(`older-of-${reader}`)],
    fenceKeys: async () => [FENCE_KEY],
    now: () => NOW,
    ...other,
    store,
  });
  const send = (request: Partial<HttpRequest>): Promise<HttpReply> =>
    handle({
      id: 'r1',
      method: 'POST',
      path: '/v1/resolve',
      headers: bearer('newest-of-sender'),
      body: '',
      ...request,
    });
  return {
    store,
    send,
    apply: (...operations: Operation[]) => applyAll({ store, now: () => NOW, pause: async () => {} }, operations),
    /** Asks as `sender`. */
    resolve: async (question: object) => (await send({ body: JSON.stringify(question) })).body,
    devices: async (question: object) => (await send({ path: '/v1/devices', body: JSON.stringify(question) })).body,
  };
}
