import { randomUUID } from 'node:crypto';
import { importJWK, SignJWT } from 'jose';
import * as z from 'zod';
import type { Instance } from '../../local/description.ts';

/** A bearer of the development issuer, as a phone has it after a login. Default: a session of its own. */
export async function bearerOf(
  { identities }: Instance,
  account: string,
  session: string = randomUUID(),
): Promise<string> {
  const [identity] = identities;
  if (identity === undefined) throw new Error('bug: the instance has no development identity');
  const { issuer, audience, privateJwk } = identity;
  return new SignJWT({ sid: session })
    .setProtectedHeader({ alg: privateJwk.alg })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(account)
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(await importJWK(privateJwk));
}

const Device = z.object({ app: z.string(), token: z.string(), fence: z.string() });
const Resolved = z.object({ accounts: z.array(z.object({ account: z.string(), devices: z.array(Device) })) });

/** The devices of an account, as a sender sees them. */
export async function boundTo({ url, readers }: Instance, account: string): Promise<z.infer<typeof Device>[]> {
  const response = await fetch(`${url}/v1/resolve`, {
    method: 'POST',
    headers: { authorization: `Bearer ${readers[0]?.secret}`, 'content-type': 'application/json' },
    body: JSON.stringify({ accounts: [{ account }] }),
  });
  return Resolved.parse(await response.json()).accounts.flatMap(({ devices }) => devices);
}
