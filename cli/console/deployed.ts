import { dynamodbRegistryStore } from '../../functions/aws/registry-store.ts';
import { type Account, AccountId, AccountType, Token, tokenOn } from '../../functions/core/account.ts';
import { bindingsFrom, boundTo } from '../../functions/core/bindings.ts';
import { msOf } from '../../functions/core/stamp.ts';
import type { RegistryStore, TokenRef } from '../../functions/core/store.ts';
import type { Answers, Phone } from '../../local/console/wire.ts';
import type { ListedApp } from '../import/operation.ts';
import type { Place } from '../place.ts';
import { operatorOf } from './operator.ts';

/** The most phones that are shown, and devices of one push. */
const MOST = 300;

type Deployed = {
  readonly place: Pick<Place, 'name' | 'registry' | 'history' | 'sqs' | 'operationsUrl' | 'parkedUrl'>;
  readonly apps: readonly ListedApp[];
  readonly folder: string;
};

/**
 * Answers the page of a deployment from its tables and queues. It can neither send nor redrive: there is no answer to such
 * a question. Fences need the key of the devices, which an operator does not read: they are empty.
 */
export function deployedAnswers({ place, apps, folder }: Deployed): Answers {
  const { tokens, timeline, queues, parked } = operatorOf({ place, apps, folder });
  const registry = registryOf(dynamodbRegistryStore(place.registry), apps);
  return {
    about: async () => ({ title: place.name, url: '', apps: apps.map(({ id }) => id), sources: [], isReadOnly: true }),
    phones: async ({ find = '' }) => {
      if (find !== '') return { phones: await registry.named(find), isWhole: true };
      const { tokens: refs, isWhole } = await tokens();
      return { phones: await registry.phones(refs.slice(0, MOST)), isWhole: isWhole && refs.length <= MOST };
    },
    push: async ({ account = '', type = '0' }) => ({
      askedMs: Date.now(),
      devices: await registry.devices({ id: AccountId.parse(account), type: AccountType.parse(Number(type)) }),
    }),
    ...(timeline && { timeline }),
    queues,
    parked: async () => ({ reasons: await parked() }),
  };
}

function registryOf(store: RegistryStore, apps: readonly ListedApp[]) {
  const devices = async (account: Account) => {
    const refs = apps.map(({ id: app }) => ({ app, account }));
    const { bindings } = await bindingsFrom(store, refs, { account: 0 }, { most: MOST, nowMs: Date.now() });
    return bindings.map(({ app, token }) => ({ account: account.id, app, token, fence: '' }));
  };
  const phones = async (refs: readonly TokenRef[]): Promise<Phone[]> => {
    const bound = await boundTo(store, refs, Date.now());
    return refs.map(({ app, token }, i) => ({
      app,
      token,
      people: (bound[i] ?? []).map(({ id, type, edge }) => ({ account: id, type, boundAt: timeOf(edge), fence: '' })),
    }));
  };
  /** The phones of a whole name, of a token or an account: a search inside of names would read the whole table. */
  const named = async (text: string): Promise<Phone[]> => {
    const [token, id] = [Token.safeParse(text), AccountId.safeParse(text)];
    const own = token.success
      ? apps.map(({ id: app, platform }) => ({ app, token: tokenOn(platform, token.data) }))
      : [];
    const theirs = id.success ? await devices({ id: id.data, type: AccountType.parse(0) }) : [];
    return (await phones([...own, ...theirs])).filter(({ people }) => people.length > 0);
  };
  return { devices, phones, named };
}

const timeOf = (edge: string): string => new Date(msOf(edge)).toISOString();
