import type { Instance } from '../description.ts';
import { isRecord, jsonIn } from './describe.ts';
import { OWN, type Recording } from './recording.ts';
import type { Binding, Device, Phone } from './wire.ts';

/** The most tokens of one question to `/v1/devices`. */
const TOKENS_PER_CALL = 100;

export type Doors = {
  /** Returns the people on each phone that has some, by the tokens of the phones. */
  readonly phones: (tokens: readonly string[]) => Promise<Phone[]>;
  readonly devices: (accounts: readonly string[], type: number) => Promise<Device[]>;
};

/** The doors of senders, asked with the secret of the first reader. */
export function readerDoors({ url, readers }: Pick<Instance, 'url' | 'readers'>): Doors {
  const headers = { authorization: `Bearer ${readers[0]?.secret ?? ''}`, [OWN]: '1' };
  const ask = async (path: string, question: object): Promise<unknown[]> => {
    const response = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(question) });
    const reply = jsonIn(await response.text());
    if (!response.ok || !isRecord(reply)) throw new Error(`HTTP ${response.status} at ${path}`);
    return [reply['accounts'] ?? reply['devices'] ?? []].flat();
  };
  return {
    phones: async (tokens) => {
      const names = [...new Set(tokens)];
      const found: Phone[] = [];
      for (let first = 0; first < names.length; first += TOKENS_PER_CALL)
        for (const one of await ask('/v1/devices', { tokens: names.slice(first, first + TOKENS_PER_CALL) }))
          found.push(...phonesIn(one));
      return found;
    },
    devices: async (accounts, account_type) =>
      (await ask('/v1/resolve', { accounts: accounts.map((account) => ({ account, account_type })) })).flatMap((one) =>
        isRecord(one) && Array.isArray(one['devices']) ? one['devices'].map(deviceOf(`${one['account']}`)) : [],
      ),
  };
}

/** Returns a phone for each token of the registry, also for those on which no person is signed in. */
export function phonesNamed(
  tokens: readonly Pick<Phone, 'app' | 'token'>[],
  found: readonly Phone[],
  recording?: Recording,
): Phone[] {
  const key = ({ app, token }: Pick<Phone, 'app' | 'token'>) => JSON.stringify([app, token]);
  const known = new Map(found.map((phone) => [key(phone), phone]));
  return tokens.map(({ app, token }) => {
    const ownFence = recording?.fenceOf(app, token);
    return { app, token, people: [], ...known.get(key({ app, token })), ...(ownFence && { ownFence }) };
  });
}

const deviceOf =
  (account: string) =>
  (one: Readonly<Record<string, unknown>>): Device => ({
    account,
    app: `${one['app']}`,
    token: `${one['token']}`,
    fence: `${one['fence']}`,
  });

/** The phones of one token: one for each app in which it is bound. */
function phonesIn(one: unknown): Phone[] {
  if (!isRecord(one) || !Array.isArray(one['accounts'])) return [];
  const accounts: readonly Readonly<Record<string, unknown>>[] = one['accounts'].filter(isRecord);
  return [...Map.groupBy(accounts, ({ app }) => `${app}`)].map(([app, bound]) => ({
    app,
    token: `${one['token']}`,
    people: bound.map(
      (each): Binding => ({
        account: `${each['account']}`,
        type: Number(each['account_type']),
        boundAt: `${each['bound_at']}`,
        fence: `${each['fence']}`,
      }),
    ),
  }));
}
