import type { KeyObject } from 'node:crypto';
import * as z from 'zod/mini';
import { type HttpRequest, jsonIn } from '../../lambda/request.ts';
import { effectIn, isoAt, textAt } from '../fields.ts';
import { type Fault, TOLERANCE_S } from '../signature.ts';
import { type Fact, sourceKind } from '../source.ts';
import { isHexSigned, textKey } from '../text-secret.ts';

const EFFECTS = {
  'session.revoked': 'session ended',
  'user.deleted': 'signed out everywhere',
  'password_reset.succeeded': 'signed out everywhere',
} as const;

/** WorkOS AuthKit (https://workos.com/docs/events). */
export const kind = sourceKind({
  credential: 'theirs',
  options: z.strictObject({}),
  accounts: ['id'],
  effects: EFFECTS,
  keyOf: textKey,
  receiver: () => (request, to) => {
    const fault = faultIn(request, to);
    if (fault !== undefined) return { refused: 'not_signed', ...fault };
    const json = jsonIn(request.body);
    return json === undefined ? { refused: 'not_json' } : { facts: [factOf(json.value)] };
  },
});

/** The time is of the attempt, in milliseconds. Their libraries refuse one that is 3 minutes old, and none that is ahead. */
function faultIn(
  { headers, body }: HttpRequest,
  { keys, nowMs }: { readonly keys: readonly KeyObject[]; readonly nowMs: number },
): Fault | undefined {
  const header = headers['workos-signature'] ?? '';
  if (header === '') return { fault: 'workos-signature is missing' };
  const parts = header.split(',').map((part) => part.trim());
  const valuesOf = (name: string) =>
    parts.flatMap((part) => (part.startsWith(`${name}=`) ? part.slice(name.length + 1) : []));
  const [time = '', ...others] = valuesOf('t');
  if (!/^\d{13}$/.test(time) || others.length > 0)
    return { fault: 'workos-signature has not one "t=" with milliseconds since 1970' };
  const aheadMs = Number(time) - nowMs;
  const clockS = Math.round(aheadMs / 1000);
  if (Math.abs(aheadMs) > TOLERANCE_S * 1000)
    return { fault: `"t=" of workos-signature is more than ${TOLERANCE_S} seconds from our clock`, clockS };
  if (isHexSigned(valuesOf('v1'), keys, `${time}.`, body)) return undefined;
  return { fault: 'workos-signature does not match this time and body with this secret', isWrong: true };
}

function factOf(body: unknown): Fact {
  const type = textAt(body, 'event');
  const what = effectIn(EFFECTS, type);
  if (what === undefined) return { nothing: 'other_type' };
  const fact = { id: textAt(body, 'id') ?? '', at: isoAt(body, 'created_at') ?? ('arrival' as const), what };
  if (type === 'user.deleted') return { ...fact, account: textAt(body, 'data', 'id') };
  const account = textAt(body, 'data', 'user_id');
  return what === 'session ended' ? { ...fact, account, session: textAt(body, 'data', 'id') } : { ...fact, account };
}
