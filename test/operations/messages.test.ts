import { expect, test } from 'vitest';
import { operationsMessage } from '../../functions/aws/queues.ts';
import { Token } from '../../functions/core/account.ts';
import { applyAll } from '../../functions/core/apply.ts';
import { accountsOf } from '../../functions/core/bindings.ts';
import { AppId } from '../../functions/core/configuration.ts';
import { HORIZON_MS } from '../../functions/core/merge.ts';
import { Operation, type OperationsMessage } from '../../functions/core/operation.ts';
import { Unavailable } from '../../functions/core/outcome.ts';
import { eventHash, stampOf } from '../../functions/core/stamp.ts';
import type { RegistryStore, TokenRef } from '../../functions/core/store.ts';
import { accepting } from '../../functions/operations/accept.ts';
import {
  type AppliedMessage,
  type AppliedOperation,
  type ApplyPorts,
  applyMessages,
  type Mirrors,
} from '../../functions/operations/messages.ts';
import { memoryRegistryStore } from '../memory/registry-store.ts';
import { installation } from '../world/examples.ts';

const NOW = Date.parse('2026-11-22T12:00:00.000Z');
const ref = (token: string): TokenRef => ({ app: AppId.parse('phone'), token: Token.parse(token) });

const login = (token: string, id: string, ms = NOW): Operation =>
  Operation.parse({
    kind: 'bindOverriding',
    scope: 'token',
    ...ref(token),
    accounts: [{ type: 0, id }],
    stamp: stampOf('bindOverriding', ms, eventHash(token, id, String(ms))),
  });

const done = { kind: 'done', id: 'request', parked: 0 };

const messageOf = (...operations: Operation[]): string => operationsMessage({ id: 'request' }, operations);

/** The real registry in memory; documents of tokens whose name begins with "down" cannot be read. */
function world(park = async (_refused: OperationsMessage, _reason: string) => {}) {
  const memory = memoryRegistryStore();
  let writes = 0;
  const store: RegistryStore = {
    ...memory,
    documents: async (tokens) => {
      if (tokens.some(({ token }) => token.startsWith('down'))) throw new Unavailable('ThrottlingException');
      return memory.documents(tokens);
    },
    write: (...arguments_) => {
      writes++;
      return memory.write(...arguments_);
    },
  };
  const apply = (operations: readonly Operation[]) =>
    applyAll({ store, now: () => NOW, pause: async () => {} }, operations);
  return {
    apply,
    settle: (bodies: string[]) => applyMessages({ apply, park }, bodies),
    owners: async (token: string) => (await accountsOf(memory, [ref(token)], NOW))[0]?.map(({ id }) => id),
    writes: () => writes,
  };
}

test('a batch of messages is applied, and every message may leave the queue', async () => {
  const { settle, owners } = world();
  expect(await settle([messageOf(login('t1', 'alice')), messageOf(login('t2', 'bobby'))])).toEqual([done, done]);
  expect([await owners('t1'), await owners('t2')]).toEqual([['alice'], ['bobby']]);
});

test('a batch of messages writes a token once, however many messages name it', async () => {
  const { settle, owners, writes } = world();
  await settle(Array.from({ length: 10 }, (_, i) => messageOf(login('t1', `user${i}`, NOW + i))));
  expect([await owners('t1'), writes()]).toEqual([['user9'], 1]);
});

test('a batch of messages delivered twice changes nothing and writes nothing', async () => {
  const { settle, writes } = world();
  const bodies = [messageOf(login('t1', 'alice'))];
  await settle(bodies);
  expect([await settle(bodies), writes()]).toEqual([[done], 1]);
});

test('a message that could not be applied stays, and the others of its batch leave', async () => {
  const { settle, owners } = world();
  const settled = await settle([messageOf(login('t1', 'alice')), messageOf(login('down', 'bobby'))]);
  expect(settled).toEqual([done, { kind: 'retry', id: 'request', reason: 'ThrottlingException' }]);
  expect(await owners('t1')).toEqual(['alice']);
});

test('a message stays if one of its operations could not be applied', async () => {
  const { settle, owners } = world();
  const settled = await settle([messageOf(login('t1', 'alice'), login('down', 'bobby'))]);
  expect(settled).toEqual([{ kind: 'retry', id: 'request', reason: 'ThrottlingException' }]);
  expect(await owners('t1')).toEqual(['alice']);
});

test.each(['', '{', '[]', '{"v":2,"id":"x","operations":[]}', '{"v":1,"id":"x","operations":[{"kind":"bind"}]}'])(
  'a batch of messages keeps a message that reads %s, applies the next, and keeps one that is unavailable',
  async (body) => {
    const { settle, owners } = world();
    const settled = await settle([body, messageOf(login('t1', 'alice')), messageOf(login('down', 'bobby'))]);
    expect(settled).toMatchObject([{ kind: 'retry', reason: 'unreadable' }, done, { kind: 'retry', id: 'request' }]);
    expect(await owners('t1')).toEqual(['alice']);
  },
);

const old = login('t1', 'alice', NOW - HORIZON_MS - 1);

test('a bind older than the horizon is parked with its reason, and leaves the queue', async () => {
  const parked: unknown[] = [];
  const { settle, owners } = world(async (...what) => void parked.push(what));
  const settled = await settle([messageOf(old, login('t2', 'bobby'))]);
  expect(settled).toEqual([{ ...done, parked: 1 }]);
  expect(parked).toEqual([[{ v: 1, id: 'request', operations: [old] }, 'a bind older than the horizon']]);
  expect([await owners('t1'), await owners('t2')]).toEqual([[], ['bobby']]);
});

test('a bind older than the horizon stays on the queue while it cannot be parked', async () => {
  const { settle } = world(async () => {
    throw new Unavailable('TimeoutError');
  });
  expect(await settle([messageOf(old)])).toEqual([{ kind: 'retry', id: 'request', reason: 'TimeoutError' }]);
});

const mirrored = new Set([AppId.parse('phone')]);

const applyInto =
  (store: RegistryStore): ApplyPorts['apply'] =>
  (operations, announce) =>
    applyAll({ store, now: () => NOW, pause: async () => {} }, operations, { announce });

function mirroredWorld(mark: Mirrors['mark'], apps = mirrored, store = memoryRegistryStore()) {
  const ports = { apply: applyInto(store), park: async () => {}, mirrors: { apps, mark } };
  return (...bodies: string[]) => applyMessages(ports, bodies);
}

/** A worker and a door over one registry. The door returns the messages that it put on the queue. */
function mirroredDoor() {
  const store = memoryRegistryStore();
  const marked: AppliedOperation[] = [];
  const door = async (id: string, operations: readonly Operation[]): Promise<string[]> => {
    const sent: string[] = [];
    const enqueue = async (...parts: Parameters<typeof operationsMessage>) =>
      void sent.push(operationsMessage(...parts));
    await accepting({ enqueue, apply: applyInto(store), withinBudget: (work) => work })({ id }, operations);
    return sent;
  };
  return { marked, door, settle: mirroredWorld(async (applied) => void marked.push(...applied), mirrored, store) };
}

test('mirrors are marked for every applied operation, even if the door applied it first', async () => {
  const marked: AppliedOperation[][] = [];
  const settle = mirroredWorld(async (applied) => void marked.push([...applied]));
  const operation = login('t1', 'alice');
  for (let i = 0; i < 2; i++) expect(await settle(messageOf(operation))).toEqual([done]);
  expect(marked).toEqual([[{ id: 'request', operation }], [{ id: 'request', operation }]]);
});

const named = (operation: Operation) => ({ ...operation, installation: installation('mine') });

test.each([true, false])(
  'mirrors are marked for the tokens that logins of an installation take away (door first: %s)',
  async (isFirst) => {
    const { marked, settle, door } = mirroredDoor();
    for (const [id, operation] of [
      ['first', login('old', 'alice')],
      ['second', login('new', 'alice', NOW + 1)],
    ] as const)
      await settle(...(isFirst ? await door(id, [named(operation)]) : [operationsMessage({ id }, [named(operation)])]));
    const removals = marked.filter(({ operation }) => operation.kind === 'unbindTokenFromAll');
    expect(removals).toMatchObject(['new', 'old'].map((token) => ({ id: 'second', operation: { token } })));
  },
);

test('a message stays until the mirrors are marked', async () => {
  const settle = mirroredWorld(async () => {
    throw new Unavailable('Down');
  });
  expect(await settle(messageOf(login('t1', 'alice')))).toEqual([{ kind: 'retry', id: 'request', reason: 'Down' }]);
});

test('mirrors are marked for refused operations too, because the door may have applied them', async () => {
  const marked: unknown[] = [];
  const settle = mirroredWorld(async (settled) => void marked.push(...settled));
  expect(await settle(messageOf(old))).toEqual([{ ...done, parked: 1 }]);
  expect(marked).toEqual([{ id: 'request', operation: old }]);
});

test('mirrors are marked neither for unavailable operations nor for apps without a mirror', async () => {
  const marked: unknown[] = [];
  const mark = async (settled: readonly AppliedOperation[]) => void marked.push(settled);
  const apply = async () => [{ kind: 'unavailable', reason: 'Down' } as const];
  const ports = { apply, park: async () => {}, mirrors: { apps: mirrored, mark } };
  await applyMessages(ports, [messageOf(login('t1', 'alice'))]);
  await mirroredWorld(mark, new Set([AppId.parse('other')]))(messageOf(login('t1', 'alice')));
  expect(marked).toEqual([]);
});

test('the log has pseudonyms of tokens and accounts, and neither if there is no key', async () => {
  const apply = async (operations: readonly Operation[]) => operations.map(() => ({ kind: 'applied' }) as const);
  const ports = { apply, park: async () => {}, pseudonymOf: (name: string) => `<${name.length}>` };
  const [settled] = await applyMessages(ports, [messageOf(login('t1', 'alice'))]);
  expect(settled).toEqual({ ...done, who: '<2> <7>' });
});

test('a message of an earlier version, whose operations name an operator, is applied', async () => {
  const { settle, owners } = world();
  const operator = { type: 'email', id: 'support@shop.example' };
  const body = JSON.stringify({ v: 1, id: 'request', operations: [{ ...login('phone-1', 'alice'), operator }] });
  expect(await settle([body])).toEqual([done]);
  expect(await owners('phone-1')).toEqual(['alice']);
});

test('a message is recorded after it is applied and marked, and stays while it is not recorded', async () => {
  const happened: string[] = [];
  const ports: ApplyPorts = {
    apply: async (operations) => {
      happened.push('apply');
      return operations.map(() => ({ kind: 'applied' }));
    },
    park: async () => {},
    mirrors: { apps: mirrored, mark: async () => void happened.push('mark') },
    record: async (applied) => {
      happened.push('record');
      return applied.map(({ outcomes }, i) => (i === 0 ? 'Down' : outcomes[0]?.kind === 'applied' ? undefined : 'bug'));
    },
  };
  const settled = await applyMessages(ports, [messageOf(login('t1', 'alice')), messageOf(login('t2', 'bobby'))]);
  expect(settled).toEqual([{ kind: 'retry', id: 'request', reason: 'Down' }, done]);
  expect(happened).toEqual(['apply', 'mark', 'record']);
});

test('a message of which nothing was applied is not recorded', async () => {
  const { apply } = world();
  const recorded: unknown[] = [];
  const record: ApplyPorts['record'] = async (applied) => {
    recorded.push(...applied.map(({ outcomes }) => outcomes.map(({ kind }) => kind)));
    return [];
  };
  await applyMessages({ apply, park: async () => {}, record }, [
    messageOf(login('down', 'alice')),
    messageOf(login('down', 'bobby'), login('t1', 'alice')),
  ]);
  expect(recorded).toEqual([['unavailable', 'applied']]);
});

test('the removals that a login of an installation leads to are recorded with the origin of the login, before its end', async () => {
  const store = memoryRegistryStore();
  const recorded: AppliedMessage[] = [];
  let isDown = true;
  const ports: ApplyPorts = {
    apply: applyInto(store),
    park: async () => {},
    record: async (applied) => {
      if (!isDown) recorded.push(...applied);
      return applied.map(() => (isDown ? 'Down' : undefined));
    },
  };
  const body = (token: string, ms: number) =>
    operationsMessage({ id: token, from: 'events/app', acceptedMs: ms }, [named(login(token, 'alice', ms))]);
  await applyInto(store)([named(login('old', 'alice'))], async () => {});
  expect(await applyMessages(ports, [body('new', NOW + 1)])).toEqual([{ kind: 'retry', id: 'new', reason: 'Down' }]);
  isDown = false;
  expect(await applyMessages(ports, [body('new', NOW + 1)])).toEqual([{ ...done, id: 'new' }]);
  const removals = recorded.filter(({ operations }) => operations.every(({ kind }) => kind === 'unbindTokenFromAll'));
  expect(removals).toMatchObject([
    { id: 'new', from: 'events/app', acceptedMs: NOW + 1, outcomes: [{ kind: 'applied' }, { kind: 'applied' }] },
  ]);
});
