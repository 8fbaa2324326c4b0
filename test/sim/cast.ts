import { Account, Token } from '../../functions/core/account.ts';
import { AppId } from '../../functions/core/configuration.ts';
import { Installation, namesInstallation, type Operation, Session } from '../../functions/core/operation.ts';
import { eventHash, stampOf } from '../../functions/core/stamp.ts';
import { present, type Random } from './random.ts';

/**
 * The people and phones of a random case: few, so that their operations meet. Two accounts are of one type, and two of one
 * id.
 */
export const APP = AppId.parse('app');
export const TOKENS = ['phone', 'tablet', 'watch'].map((name) => Token.parse(name));
export const ACCOUNTS = [
  { type: 0, id: 'alice' },
  { type: 0, id: 'bob' },
  { type: 1, id: 'alice' },
].map((account) => Account.parse(account));
export const SESSIONS = ['first', 'second', 'third'].map((id) => Session.parse(eventHash('session', id)));
/** Mostly one, so that its logins meet. */
export const INSTALLATIONS = ['mine', 'mine', 'mine', 'yours'].map((id) => Installation.parse(eventHash(id).repeat(2)));

/** 2023-11-14T22:13:20Z, an arbitrary beginning. */
export const BEGINNING_MS = 1_700_000_000_000;

const KINDS = ['bind', 'bindOverriding', 'unbind', 'unbindTokenFromAll', 'unbindAccountFromAll'] as const;
/** Drawn only where operations carry sessions. */
const SESSION_KINDS = ['endSession', 'endAccountSession', 'unbindAccountFromOthers'] as const;

export type Draw = {
  readonly tokens: number;
  /** How far apart the operations' times are; with a few ms, many are equal. */
  readonly spanMs: number;
  /** How likely an operation is to carry a session. */
  readonly sessions: number;
  /** How likely an overriding bind is to clear the types it names only. */
  readonly types: number;
  /** How likely a bind is to name an installation. Default: none does. */
  readonly installations?: { readonly chance: number; readonly ids: readonly Installation[] };
};

/** A random operation, the `i`-th element of the event. No two elements of a case have the same `i`, as in a real one. */
export function drawOperation(random: Random, event: number, i: number, draw: Draw): Operation {
  const kind = draw.sessions > 0 && random.chance(0.25) ? random.pick(SESSION_KINDS) : random.pick(KINDS);
  const stamp = stampOf(kind, BEGINNING_MS + random.below(draw.spanMs), hash(event), i);
  const session = random.chance(draw.sessions) ? random.pick(SESSIONS) : undefined;
  const account = random.pick(ACCOUNTS);
  const accounts = [
    account,
    ...(random.chance(0.5) ? [random.pick(ACCOUNTS)] : []),
    ...(random.chance(0.2) ? ACCOUNTS : []),
  ];
  const on = { app: APP, token: random.pick(TOKENS.slice(0, draw.tokens)), stamp };
  const { chance = 0, ids = [] } = (kind.startsWith('bind') && draw.installations) || {};
  const named = chance > 0 && random.chance(chance) && { installation: random.pick(ids) };
  switch (kind) {
    case 'bindOverriding':
      return { kind, ...on, ...named, accounts, session, scope: random.chance(draw.types) ? 'types' : 'token' };
    case 'bind':
      return { kind, ...on, ...named, accounts, session };
    case 'unbind':
      return { kind, ...on, accounts, session };
    case 'unbindTokenFromAll':
      return { kind, ...on, session };
    case 'unbindAccountFromAll':
      return { kind, app: APP, stamp, account };
    case 'endSession':
      return { kind, ...on, session: random.pick(SESSIONS) };
    default:
      return { kind, app: APP, stamp, account, session: random.pick(SESSIONS) };
  }
}

const HASHES = Array.from({ length: 64 }, (_, i) => eventHash('event', String(i)));
const hash = (event: number) => present(HASHES[event]);

/** The accounts that an operation names. */
export const accountsIn = (operation: Operation): readonly Account[] =>
  'accounts' in operation ? operation.accounts : 'account' in operation ? [operation.account] : [];

/** The operations in a line each, for a person who looks at a failed case. */
export const textOf = (operation: Operation): string => {
  const names = accountsIn(operation).map(({ type, id }) => `${type}#${id}`);
  const parts = [
    operation.stamp,
    operation.app,
    operation.kind,
    'scope' in operation ? operation.scope : '',
    'token' in operation ? operation.token : '',
    names.join(','),
    namesInstallation(operation) ? `installation ${operation.installation.slice(0, 4)}` : '',
    'untilMs' in operation && operation.untilMs ? `until ${operation.untilMs}` : '',
    'issuedMs' in operation && operation.issuedMs ? `issued ${operation.issuedMs}` : '',
    'session' in operation && operation.session ? `session ${operation.session.slice(0, 4)}` : '',
  ];
  return parts.filter((part) => part !== '').join(' ');
};
