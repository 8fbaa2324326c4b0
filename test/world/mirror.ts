import type { NotAnswered, OperateAnswer } from '../../functions/account-api/client.ts';
import type { ElementResult, OperateRequest } from '../../functions/account-api/wire/operate.ts';
import { type Account, accountKey, Token } from '../../functions/core/account.ts';
import { applyAll } from '../../functions/core/apply.ts';
import { App } from '../../functions/core/configuration.ts';
import type { Operation } from '../../functions/core/operation.ts';
import { eventHash, stampOf } from '../../functions/core/stamp.ts';
import type { Hosted } from '../../functions/mirror/hosted.ts';
import type { Cause, Check, DirtyMark, Marks } from '../../functions/mirror/mark.ts';
import { holdable } from '../../functions/mirror/plan.ts';
import type { MirrorNote, MirrorPorts } from '../../functions/mirror/ports.ts';
import { pushMessages } from '../../functions/mirror/push.ts';
import { verifyMessages } from '../../functions/mirror/verify.ts';
import { memoryMirrorStore } from '../memory/mirror-store.ts';
import { memoryRegistryIn, memoryTable } from '../memory/registry-store.ts';
import { account } from './examples.ts';

export const NOW = Date.parse('2026-11-22T12:00:00.000Z');
export const token = (name: string) => Token.parse(name);

type Mirror = NonNullable<App['mirror']>;

/** An app of ours in the XG dialect, mirrored to a hosted one, TPNS unless said otherwise. */
const mirrored = (mirror: Partial<Mirror> = {}) => {
  const hosted = { url: 'https://hosted.example', app: '1500000001', dialect: 'tpns', ...mirror };
  const app = App.parse({ id: 'shop', dialect: 'xg', policy: 'one-per-type', platform: 'android', mirror: hosted });
  if (app.mirror === undefined) throw new Error('the app has a mirror');
  return { ...app, mirror: app.mirror };
};

/** The hosted API's answer in place of its work. */
export type Trouble = (request: OperateRequest | readonly Token[]) => OperateAnswer | NotAnswered | undefined;

/** A hosted API that works at once as documented, unless a test makes it answer otherwise. */
function hostedApi(trouble: { of: Trouble }) {
  const bound = new Map<Token, readonly Account[]>();
  const calls: (OperateRequest | readonly Token[])[] = [];
  const hosted: Hosted = {
    operate: async (request) => {
      calls.push(request);
      const answer = trouble.of(request);
      if (answer !== undefined) return answer;
      for (const [token, accounts] of changesBy(request, bound)) bound.set(token, accounts);
      return { kind: 'answered', results: Array.from({ length: 100 }, (): ElementResult => 'done') };
    },
    accountsOf: async (tokens) => {
      calls.push(tokens);
      const answer = trouble.of(tokens);
      if (answer !== undefined && answer.kind !== 'answered') return answer;
      return { kind: 'found', accounts: tokens.map((token) => bound.get(token) ?? []) };
    },
  };
  return { hosted, calls, bound };
}

type Bound = ReadonlyMap<Token, readonly Account[]>;

/** The accounts of each token after a request. */
function changesBy(request: OperateRequest, bound: Bound): (readonly [Token, readonly Account[]])[] {
  switch (request.kind) {
    case 'unbindTokenFromAll':
      return request.tokens.map((token) => [token, []]);
    case 'unbindAccountFromAll':
      return [...bound].map(([token, accounts]) => [token, without(accounts, request.accounts)]);
    case 'unbind':
      return request.elements.map(({ token, accounts }) => [token, without(bound.get(token) ?? [], accounts)]);
    default:
      return request.elements.map(({ token, accounts }) => [
        token,
        holdable('tpns', [...accounts, ...(bound.get(token) ?? [])]),
      ]);
  }
}

const without = (accounts: readonly Account[], gone: readonly Account[]) =>
  accounts.filter((one) => !gone.some((other) => accountKey(other) === accountKey(one)));

/** The real handlers over the registry in memory and a hosted API whose answers a test can choose. */
export function mirrorWorld(mirror: Partial<Mirror> = {}) {
  const app = mirrored(mirror);
  const table = memoryTable();
  const registry = memoryRegistryIn(table);
  const states = memoryMirrorStore();
  const clock = { ms: NOW };
  const trouble: { of: Trouble } = { of: () => undefined };
  const { hosted, calls, bound } = hostedApi(trouble);
  const marked: Marks[] = [];
  const checked: { cause: Cause; checks: readonly Check[]; delayS: number }[] = [];
  const notes: MirrorNote[] = [];
  const ports: MirrorPorts = {
    app,
    registry,
    states,
    hosted,
    mark: async (marks) => void marked.push(marks),
    check: async (cause, checks, delayS) => void checked.push({ cause, checks, delayS }),
    now: () => clock.ms,
    note: (note) => notes.push(note),
  };
  const mirrors = new Map([[app.id, ports]]);
  const apply = (...operations: Operation[]) =>
    applyAll({ store: registry, now: () => clock.ms, pause: async () => {} }, operations);
  const once = (body: string) => ({ body, receives: 1 });
  const verify = (cause: Cause, ...checks: Check[]) =>
    verifyMessages(mirrors, [once(JSON.stringify({ v: 1, app: app.id, cause, checks }))]);
  const message = (marks: Partial<Marks>) => JSON.stringify({ v: 1, app: app.id, tokens: [], accounts: [], ...marks });
  return {
    ...{ app, ports, table, clock, trouble, calls, bound, marked, checked, notes, states, registry },
    apply,
    login: (name: string, ...accounts: string[]) => {
      const stamp = stampOf('bindOverriding', clock.ms, eventHash(name, `${clock.ms}`, ...accounts));
      const on = { app: app.id, token: token(name), scope: 'token', stamp } as const;
      return apply({ kind: 'bindOverriding', ...on, accounts: accounts.map(account) });
    },
    logout: (name: string) => {
      const stamp = stampOf('unbindTokenFromAll', clock.ms, eventHash(name, `${clock.ms}`));
      return apply({ kind: 'unbindTokenFromAll', app: app.id, token: token(name), stamp });
    },
    push: (marks: Partial<Marks>, receives = 1) => pushMessages(mirrors, [{ body: message(marks), receives }]),
    deliver: (...bodies: string[]) => pushMessages(mirrors, bodies.map(once)),
    message,
    verify,
    /** All checks that were asked for, as if their time had come. */
    verifyAsked: async () => {
      for (const { cause, checks, delayS } of checked.splice(0)) {
        clock.ms += delayS * 1000;
        await verify(cause, ...checks);
      }
    },
    hostedOf: (name: string) => (bound.get(token(name)) ?? []).map(accountKey).sort(),
  };
}

export const mark = (name: string, changes: Partial<DirtyMark> = {}): DirtyMark => ({
  token: token(name),
  id: 'request',
  ms: NOW,
  removes: false,
  ...changes,
});
