import { decodeJwt, decodeProtectedHeader } from 'jose';
import { type App, transformed } from '../core/configuration.ts';
import type { Identity } from '../core/identity.ts';
import { Unavailable } from '../core/outcome.ts';
import type { KeySet } from '../jwt/keys.ts';
import type { HttpRequest } from '../lambda/request.ts';
import { bearerClaims, type Fault, type Proof, proofOf } from './claims.ts';
import { type TicketPorts, ticketProof } from './ticket.ts';

export type BearerPorts = TicketPorts & {
  readonly identities: readonly Identity[];
  readonly keySets: ReadonlyMap<Identity, KeySet>;
};

/** The longest lifetime of a provider's bearer (s): a stolen one is of use so long. */
const MOST_S = 86_400;

/** The most characters of a bearer. API Gateway takes 10 KB of headers. */
const MAX_LENGTH = 8_192;

/**
 * Returns the user that a request's bearer proves, or its fault. A bearer with HS256 is a ticket of the app's backend,
 * every other one of an identity provider: a key is never used with an algorithm of another kind. Throws `Unavailable` if
 * that cannot be known now.
 */
export async function proofIn(ports: BearerPorts, app: App, { headers }: HttpRequest): Promise<Proof | Fault> {
  const bearer = /^bearer +([\w.-]+) *$/i.exec(headers['authorization'] ?? '')?.[1];
  if (bearer === undefined) return { fault: 'the header authorization is not "Bearer", a blank and a JWT' };
  const read = bearer.length > MAX_LENGTH ? undefined : unverified(bearer);
  if (read === undefined) return { fault: 'the bearer is not a signed JWT' };
  if (read.alg === 'HS256') return ticketProof(ports, app, bearer, read.iss);
  const own = ports.identities.filter(({ apps }) => apps.includes(app.id));
  const asked = own.filter(({ issuer }) => issuer === read.iss);
  if (asked.length === 0) {
    const ids = own.map(({ id }) => `"${id}"`).join(', ');
    return { fault: `the bearer's "iss" is the issuer of no identity of this app${ids && `, which has ${ids}`}` };
  }
  return firstProof(asked, (identity) => identityProof(ports, identity, bearer));
}

/** The claims that say who has to verify a bearer. */
function unverified(bearer: string): { readonly alg: unknown; readonly iss: unknown } | undefined {
  try {
    return { alg: decodeProtectedHeader(bearer).alg, iss: decodeJwt(bearer).iss };
  } catch {
    return undefined;
  }
}

/** Two identities may have one issuer, with audiences of their own. One that cannot be asked counts if no other proves it. */
async function firstProof(
  identities: readonly Identity[],
  prove: (identity: Identity) => Promise<Proof | Fault>,
): Promise<Proof | Fault> {
  const faults: string[] = [];
  let unavailable: Unavailable | undefined;
  // Together: a phone waits for the keys of one provider only.
  const results = await Promise.all(identities.map((identity) => prove(identity).catch(unavailableIn)));
  for (const [i, result] of results.entries()) {
    if (result instanceof Unavailable) unavailable = result;
    else if ('fault' in result) faults.push(`identity "${identities[i]?.id}": the bearer ${result.fault}`);
    else return result;
  }
  if (unavailable !== undefined) throw unavailable;
  return { fault: faults.join('; ') };
}

function unavailableIn(error: unknown): Unavailable {
  if (error instanceof Unavailable) return error;
  throw error;
}

async function identityProof(ports: BearerPorts, identity: Identity, bearer: string): Promise<Proof | Fault> {
  const { id: by, issuer, audience, algorithms, account, session, accountType: type, transform } = identity;
  const keySet = ports.keySets.get(identity);
  if (keySet === undefined) throw new Error(`bug: identity ${by} has no key set`);
  const rules = { issuer, audience, algorithms, mostS: MOST_S, nowMs: ports.now() };
  const result = await bearerClaims(bearer, keySet, rules);
  if ('fault' in result) return result;
  const named = (name: string) => transformed(name, transform);
  return proofOf(bearer, result.claims, { by, account, session, type, named });
}
