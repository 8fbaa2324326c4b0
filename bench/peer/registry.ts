import { type AccountKey, accountKey, type Token } from '../../functions/core/account.ts';
import type { AppId } from '../../functions/core/configuration.ts';
import type { Operation } from '../../functions/core/operation.ts';
import { bindAt, removalAt } from '../../functions/core/stamp.ts';

/** A registry on one server, with the same rules as ours: the latest event wins, in whatever order the events come. */
export type PeerRegistry = {
  readonly apply: (rows: Rows) => Promise<unknown>;
  /** Returns the accounts bound to a token, newest first. */
  readonly accountsOf: (app: string, token: string) => Promise<string[]>;
  /** Returns the tokens bound to an account, newest first. */
  readonly tokensOf: (app: string, account: string) => Promise<string[]>;
};

/** The rows of a request. In each table the later moment of a key stays. */
export type Rows = {
  /** Moments at which all accounts left a token. */
  readonly tokens: readonly (readonly [AppId, Token, string])[];
  /** The newest moment of a token and an account together: a bind or a removal. */
  readonly edges: readonly (readonly [AppId, Token, AccountKey, string])[];
  /** Moments at which an account left all tokens. */
  readonly accounts: readonly (readonly [AppId, AccountKey, string])[];
};

/** Returns the rows of operations under the policy `many`, without sessions, leases and installations. */
export function rowsOf(operations: readonly Operation[]): Rows {
  const parts = operations.map(rowsOfOne);
  return {
    tokens: parts.flatMap(({ tokens = [] }) => tokens),
    edges: parts.flatMap(({ edges = [] }) => edges),
    accounts: parts.flatMap(({ accounts = [] }) => accounts),
  };
}

function rowsOfOne(operation: Operation): Partial<Rows> {
  const { kind, app, stamp } = operation;
  const removal = removalAt(stamp);
  switch (kind) {
    case 'bind':
    case 'bindOverriding': {
      const { token, accounts } = operation;
      const edges = accounts.map((account, i) => [app, token, accountKey(account), bindAt(stamp, i)] as const);
      return kind === 'bind' ? { edges } : { tokens: [[app, token, removal]], edges };
    }
    case 'unbind':
      return { edges: operation.accounts.map((account) => [app, operation.token, accountKey(account), removal]) };
    case 'unbindTokenFromAll':
      return { tokens: [[app, operation.token, removal]] };
    case 'unbindAccountFromAll':
      return { accounts: [[app, accountKey(operation.account), removal]] };
    default:
      throw new Error(`the peers do not have the operation ${kind}`);
  }
}
