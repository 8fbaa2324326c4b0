import { accountKey } from '../../../functions/core/account.ts';
import { sessionOf as digestOfSession } from '../../../functions/core/operation.ts';
import { pairOf, serial, takenAway } from '../serial.ts';
import { type Attempt, type Phone, type Shop, sessionOf } from './phone.ts';
import { type Bearer, isMeant, type Revocation } from './provider.ts';
import { PEOPLE } from './scene.ts';
import { type Device, resolved } from './sender.ts';

type Stage = Shop & { readonly phones: readonly Phone[] };

/** When nothing is on its way any more: what senders are answered, against what people did. */
export async function atRest(stage: Stage): Promise<{ staleAtRest: number }> {
  const { onFinding, timeline, ledger, phones } = stage;
  const asked = resolved(stage, PEOPLE);
  await timeline.run();
  const devices = await asked;
  if (devices === undefined) onFinding('a question is answered when all is calm', 'no answer');
  const bound = serial(ledger.deeds().map(({ operation }) => operation));
  compare(stage, bound, devices ?? []);
  for (const phone of phones)
    if (
      isFirm(stage, phone) &&
      !devicesOf(phone, devices ?? []).some(({ account }) => account === phone.login?.account)
    )
      onFinding('P5 a phone stays bound until its user signs out', `${phone.app.id} ${phone.token} is not bound`);
  const stale = phones.flatMap((phone) =>
    devicesOf(phone, devices ?? []).map((device) => judge(stage, phone, device, bound)),
  );
  return { staleAtRest: stale.filter((isStale) => isStale).length };
}

/** Senders are answered what the serial order says. */
function compare({ ledger, phones, onFinding }: Stage, bound: ReturnType<typeof serial>, devices: readonly Device[]) {
  const operations = ledger.deeds().map(({ operation }) => operation);
  const isOpen = (pair: string) => {
    const one = bound.get(pair);
    return one !== undefined && takenAway(operations, one) === 'either';
  };
  const settled = (pairs: Iterable<string>) =>
    [...pairs]
      .filter((pair) => !isOpen(pair))
      .sort()
      .join('; ');
  const shown = phones.flatMap((phone) =>
    devicesOf(phone, devices).map(({ account }) => pairOf(phone.app.id, phone.token, account)),
  );
  const [actual, expected] = [settled(shown), settled(bound.keys())];
  if (actual !== expected) onFinding('O1 at rest senders are answered as the serial order says', actual, expected);
}

/** Bearers so close to one another (ms) that the door cannot tell which was first: clocks differ, and have whole seconds. */
const MARGIN_MS = 7_000;

/** Judges the bearer of a binding. Returns true if it is older than one that its user has signed out with on the phone. */
function judge(stage: Stage, phone: Phone, device: Device, bound: ReturnType<typeof serial>): boolean {
  const { onFinding, attempts, provider } = stage;
  const by = bound.get(pairOf(phone.app.id, phone.token, device.account))?.by;
  const name = `${phone.token} ${accountKey(device.account)}`;
  const bearer = attempts
    .filter((one) => one.phone === phone && one.bearer.iatMs === by?.issuedMs)
    .find(({ bearer }) => bearer.login.account === device.account && mayBeOf(bearer, by?.session))?.bearer;
  if (bearer === undefined) {
    onFinding('P2 a phone is bound by a bearer of its own', name);
    return false;
  }
  if (provider.revocations.some((one) => revokes(one, bearer)))
    onFinding('P3 no phone is bound by a bearer from before a sign-out of the account', name);
  const ended = phone.ended.filter(({ kept }) => kept.attempt.bearer.login.account === device.account);
  if (ended.some(({ kept }) => sessionOf(kept) === by?.session)) onFinding('P4 a receipt ends its bind', name);
  const isOlder = (ms: number) => ended.some(({ kept }) => bearer.iatMs + ms < kept.attempt.bearer.iatMs);
  if (isOlder(MARGIN_MS) && hasSession(bearer))
    onFinding('P4 no phone is bound by a bearer from before its sign-out', name);
  return isOlder(0);
}

/** Tests that a bind of the session may be by this bearer: two logins of an account may have bearers of the same second. */
const mayBeOf = ({ login: { claims } }: Bearer, session: string | undefined): boolean =>
  claims.sid === undefined || digestOfSession(claims.sid) === session;

const hasSession = ({ login: { claims } }: Bearer): boolean =>
  claims.sid !== undefined || claims.auth_time !== undefined;

const devicesOf = ({ app, token }: Phone, devices: readonly Device[]) =>
  devices.filter((one) => one.app === app.id && one.token === token);

/** Tests that a sign-out of the account ends a bind by this bearer: that of its session does so whatever its time. */
const revokes = (revocation: Revocation, { login, iatMs }: Bearer): boolean =>
  isMeant(revocation, login) &&
  (revocation.kind === 'session' ? login.app === revocation.app : iatMs <= revocation.atMs);

/** Tests that the phone's last sign-in was answered as in effect, and that nothing but older bearers can have come since. */
function isFirm({ attempts, provider }: Stage, phone: Phone): boolean {
  const { kept, login, ended } = phone;
  if (kept === undefined || login === undefined) return false;
  const { bearer, from, answer } = kept.attempt;
  if (bearer.login !== login || answer?.status !== 200) return false;
  // The door's clock may be behind the provider's: then a sign-out from just before the login seems later than the bind.
  const earliest = { ...bearer, iatMs: bearer.iatMs - MARGIN_MS };
  if (provider.revocations.some((one) => revokes(one, earliest))) return false;
  if (ended.some((one) => sessionOf(one.kept) === sessionOf(kept))) return false;
  const isHarmless = (other: Attempt) => {
    if (other.phone !== phone || other === kept.attempt) return true;
    if (other.from >= answer.at && other.bearer.iatMs < bearer.iatMs) return true;
    return other.answer !== undefined && [200, 401].includes(other.answer.status) && other.answer.at <= from;
  };
  return attempts.every(isHarmless);
}
