import { noticedBy, type UnitMutant } from './patches.ts';

/** Faults of the door of phones, and of the keys of issuers. */
export const PHONE_MUTANTS: readonly UnitMutant[] = [
  ...noticedBy('devices/bearer', 'devices/claims.ts', {
    'a bearer may live for years': ['claims.exp - claims.iat > mostS', 'claims.exp < claims.iat'],
    'a logout token of the provider is a bearer': ["claims['events'] !== undefined ||", 'false ||'],
  }),
  ...noticedBy('jwt/keys', 'jwt/keys.ts', {
    'a redirect to other keys is followed': ["redirect: 'manual'", "redirect: 'follow'"],
    'each unknown key has the keys read again': ['reading === undefined && now() >= nextAt', 'reading === undefined'],
    'a document of keys has no end': ['if (bytes > MAX_BYTES) throw', 'if (bytes < 0) throw'],
    'an issuer names keys on any host': ['url.origin !== URL.parse(issuer)?.origin', "url.origin === ''"],
  }),
  ...noticedBy('devices/ticket', 'devices/ticket.ts', {
    'a source without tickets signs tickets': ['tickets && apps.includes(app.id)', 'apps.includes(app.id)'],
  }),
  ...noticedBy('devices/stale', 'devices/sign-in.ts', {
    'a repeated sign-in takes the phone from its next user': ['newest(account, edge) > proof.issuedMs &&', 'false &&'],
    'a sign-in has the time of our clock alone': [
      'operation = bindOf(app, ref, proof, body, ms)',
      'operation = bindOf(app, ref, proof, body, nowMs)',
    ],
  }),
  ...noticedBy('devices/stale-on-token', 'devices/sign-in.ts', {
    'a lost sign-in binds after the sign-out of a later session': [
      'issuedMs + BEHIND_MS < msOf(at)',
      'issuedMs + BEHIND_MS < 0',
    ],
    'a repeated sign-in undoes a logout of the whole token': [', clearOf(document, typeOf(key))]', ']'],
    'the sign-in of the next user hides a sign-out': ['.some((at) =>', ".some((at) => at[14] === '2' &&"],
    'a bearer signs in for six seconds': ['isBound(document, key, watermark, 0)', "edge === ''"],
    'a bind that has ended elsewhere hides a sign-out': ['isBound(document, key, watermark, 0)', 'isBind(edge)'],
    'the bind of a newer bearer hides a sign-out': ['(issuedIn(edge) ?? 0) <= issuedMs', 'edge'],
    'a repeated sign-in replaces the login by an event of the next user': [
      'account === own ? 0 : msOf(edge) - BEHIND_MS',
      '0',
    ],
  }),
  ...noticedBy('devices/receipt', 'devices/receipt.ts', {
    'a late copy of an older sign-in outlives the sign-out': ['isOlder ? msOf(edge) : undefined', 'undefined'],
    'a receipt needs no signature': ['.length > 0;', '.length >= 0;'],
    'a receipt does not end its session': ['account, stamp)),\n  session,', 'account, stamp)),\n  session: undefined,'],
  }),
  ...noticedBy('devices/receipt', 'devices/handler.ts', {
    'a receipt ends sign-ins in other apps': ['receipt?.app !== app.id', 'receipt === undefined'],
  }),
];
