import type { KeyObject } from 'node:crypto';
import { AccountType } from '../core/account.ts';
import type { App, Source, SourceId } from '../core/configuration.ts';
import { Unavailable } from '../core/outcome.ts';
import { bearerClaims, type Fault, type Proof, proofOf } from './claims.ts';

/** Live keys, newest first; undefined for one that cannot be used. May reject with `Unavailable`. */
export type Keys = Promise<readonly (KeyObject | undefined)[]>;

export type TicketPorts = {
  readonly sources: readonly Source[];
  /** The webhook keys of a source. */
  readonly keysOf: (source: SourceId) => Keys;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

/** The longest lifetime of a ticket (s): the app's backend makes one for each sign-in. */
const MOST_S = 60;

/**
 * Returns the user of a ticket: a JWT that the app's backend signs with its webhook secret (HS256), for a phone of an app
 * without an identity provider. The text that a webhook signs has two dots and that of a JWT has one, so that neither
 * signature is ever one of the other. `issuer`: the ticket's unverified `iss`, the id of a source if there is one.
 */
export async function ticketProof(
  ports: TicketPorts,
  app: App,
  ticket: string,
  issuer: unknown,
): Promise<Proof | Fault> {
  const sources = ports.sources.filter(
    ({ id, tickets, apps }) => tickets && apps.includes(app.id) && (issuer === undefined || issuer === id),
  );
  if (sources.length === 0)
    return { fault: 'the bearer has HS256, and no source of this app has "tickets" and its "iss"' };
  const live = await Promise.all(sources.map(async (source) => ({ source, keys: await ports.keysOf(source.id) })));
  for (const { source, keys } of live) {
    const proof = await proofBy(source, keys, ticket, ports.now());
    if (proof === undefined) continue;
    return 'fault' in proof ? { fault: `source "${source.id}": the ticket ${proof.fault}` } : proof;
  }
  // The newest key, if it cannot be used, may be the one that signed it.
  if (live.some(({ keys }) => keys.length > 0 && keys[0] === undefined)) throw new Unavailable('secret_unusable');
  const ids = sources.map(({ id }) => `"${id}"`).join(', ');
  return { fault: `source ${ids}: no live secret matches the signature of the ticket` };
}

/** Returns undefined if no key of the source signed the ticket. */
async function proofBy(
  { id: by, accountType }: Source,
  keys: Awaited<Keys>,
  ticket: string,
  nowMs: number,
): Promise<Proof | Fault | undefined> {
  for (const key of keys) {
    if (key === undefined) continue;
    const result = await bearerClaims(ticket, key, { algorithms: ['HS256'], mostS: MOST_S, nowMs });
    if ('fault' in result) {
      if (result.isUnsigned) continue;
      return result;
    }
    const type = AccountType.safeParse(result.claims['account_type'] ?? accountType).data;
    if (type === undefined) return { fault: 'has a claim "account_type" that is not a whole number' };
    return proofOf(ticket, result.claims, { by, account: 'sub', session: 'sid', type });
  }
  return undefined;
}
