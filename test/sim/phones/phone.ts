import { Buffer } from 'node:buffer';
import * as z from 'zod';
import { type Account, accountKey, type Token } from '../../../functions/core/account.ts';
import type { App } from '../../../functions/core/configuration.ts';
import type { Caller, DoorAnswer } from '../gateway.ts';
import { present, type Random } from '../random.ts';
import { CANARY, SCENE } from '../scene.ts';
import { MINUTE_MS } from '../timeline.ts';
import type { Bearer, Login, Provider } from './provider.ts';
import { PEOPLE } from './scene.ts';

/** A copy of a sign-in at the door, with its answer if the door gave one. */
export type Attempt = { readonly phone: Phone; readonly bearer: Bearer; readonly from: number; answer?: DoorAnswer };

/** A sign-in as its phone keeps it. `attempt`: the copy that was answered. */
type Kept = { readonly receipt: string; readonly fence: string; readonly attempt: Attempt };

/** A receipt that the phone redeems until the door takes it. */
type Ended = { readonly kept: Kept; isAccepted: boolean };

/** An app on a phone that follows docs/phone.md. It has no clock. */
export type Phone = {
  readonly app: App;
  readonly token: Token;
  readonly installation: string | undefined;
  /** When it has no network (ms). */
  readonly offline: readonly { readonly from: number; readonly to: number }[];
  login?: Login | undefined;
  kept?: Kept | undefined;
  readonly ended: Ended[];
};

/** A message for a person, as the push service delivers it. */
export type Message = { readonly account: Account; readonly fence: string };

/** Tests that the phone shows a message: its fence is that of the phone's own sign-in. */
export const isShown = ({ kept }: Phone, { fence }: Message): boolean => fence === kept?.fence;

export const isFor = ({ login }: Phone, { account }: Message): boolean =>
  login !== undefined && accountKey(login.account) === accountKey(account);

export type Shop = Caller & { readonly provider: Provider; readonly attempts: Attempt[] };

const Bound = z.object({ receipt: z.string(), fence: z.string() });
const Receipt = z.object({ session: z.string() });

/** The session in a receipt. */
export const sessionOf = ({ receipt }: Kept): string =>
  Receipt.parse(JSON.parse(Buffer.from(receipt.split('.')[0] ?? '', 'base64url').toString())).session;

/** When the phone is next online (ms), at the earliest now. */
export const onlineAt = ({ offline }: Phone, now: number): number =>
  offline.find(({ from, to }) => from <= now && now < to)?.to ?? now;

export function drawPhones(random: Random, spanMs: number): Phone[] {
  return SCENE.tokens.slice(0, 1 + random.below(SCENE.tokens.length)).map((token, i) => {
    const from = random.next() * spanMs;
    return {
      app: random.pick(SCENE.apps),
      token,
      installation: random.chance(0.2) ? `${CANARY} installation ${i}` : undefined,
      offline: random.chance(0.6) ? [{ from, to: from + random.logUniform(spanMs / 100, spanMs) }] : [],
      ended: [],
    };
  });
}

/** A person or two use the phone for a while: they sign in and out, start the app, and hand it on. */
export async function usePhone(shop: Shop, phone: Phone, spanMs: number): Promise<void> {
  const { timeline, random } = shop;
  const steps = 2 + random.below(7);
  for (let i = 0; i < steps; i++) {
    await timeline.sleep(random.chance(0.4) ? random.logUniform(10, 5_000) : random.next() * (spanMs / steps));
    if (phone.login === undefined) phone.login = shop.provider.login(phone.app.id, random.pick(PEOPLE));
    else if (random.chance(0.5)) await signOut(shop, phone);
    await startApp(shop, phone);
  }
}

async function startApp(shop: Shop, phone: Phone): Promise<void> {
  const { random } = shop;
  if (random.chance(0.5)) await flush(shop, phone);
  // An old receipt that comes once more changes nothing.
  if (random.chance(0.1) && phone.ended.length > 0) await redeem(shop, phone, random.pick(phone.ended));
  // The user may leave before the app has signed in.
  if (phone.login !== undefined && random.chance(0.9)) await signIn(shop, phone, phone.login);
}

/** The most calls of one sign-in: then it waits for the next start of the app. */
const MOST_TRIES = 4;

async function signIn(shop: Shop, phone: Phone, login: Login): Promise<void> {
  const { timeline, random, provider } = shop;
  const { token, installation } = phone;
  const body = { token, mode: random.chance(0.1) ? 'append' : 'override', installation_id: installation };
  let isFresh = random.chance(0.2);
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const status = await bind(shop, phone, provider.bearer(login, isFresh), body);
    if (status === 200) return;
    if (status !== 401) await timeline.sleep(random.logUniform(300, 20_000));
    else if (isFresh) return signOut(shop, phone);
    else isFresh = true;
  }
}

/** One call of a sign-in. Notes each copy of it that comes to the door. Returns 200 if the phone is bound, or will be. */
async function bind(shop: Shop, phone: Phone, bearer: Bearer | undefined, body: object): Promise<number> {
  if (bearer === undefined) return 401;
  const own = new Map<string, Attempt>();
  const notes = {
    onRequest: (id: string) => {
      const attempt = { phone, bearer, from: shop.timeline.now() };
      own.set(id, attempt);
      shop.attempts.push(attempt);
    },
    onAnswer: (given: DoorAnswer) => {
      present(own.get(given.requestId)).answer = given;
    },
  };
  const answer = await post(shop, phone, { what: 'sign-in', body, bearer: bearer.text, notes });
  if (answer?.status !== 200 && answer?.status !== 202) return answer?.status ?? 0;
  phone.kept = { ...Bound.parse(JSON.parse(answer.body)), attempt: present(own.get(answer.requestId)) };
  return 200;
}

async function signOut(shop: Shop, phone: Phone): Promise<void> {
  if (phone.kept) phone.ended.push({ kept: phone.kept, isAccepted: false });
  phone.kept = undefined;
  phone.login = undefined;
  // The app may be closed at once.
  if (shop.random.chance(0.5)) await flush(shop, phone);
}

/** Redeems the receipts that wait. */
export async function flush(shop: Shop, phone: Phone): Promise<void> {
  for (const ended of phone.ended) if (!ended.isAccepted) await redeem(shop, phone, ended);
}

async function redeem(shop: Shop, phone: Phone, ended: Ended): Promise<void> {
  const answer = await post(shop, phone, { what: 'sign-out', body: { receipt: ended.kept.receipt } });
  const status = answer?.status ?? 0;
  if (status === 200 || status === 202) ended.isAccepted = true;
  else if (status !== 0 && status < 500) shop.onFinding('a receipt is accepted', `${status} ${answer?.body}`);
}

type PhoneCall = {
  readonly what: 'sign-in' | 'sign-out';
  readonly body: object;
  readonly bearer?: string;
  readonly notes?: Parameters<Shop['call']>[1];
};

/** A call of the phone; without a network it does not leave the phone. Some networks repeat it, long after its answer. */
async function post(
  shop: Shop,
  phone: Phone,
  { what, body, bearer, notes }: PhoneCall,
): Promise<DoorAnswer | undefined> {
  const { call, timeline, random } = shop;
  if (onlineAt(phone, timeline.now()) > timeline.now()) return undefined;
  const headers = () => ({ 'content-type': 'application/json', ...(bearer && { authorization: `Bearer ${bearer}` }) });
  const sent = {
    door: 'devices',
    path: `/devices/${phone.app.id}/${what}`,
    headers,
    body: JSON.stringify(body),
  } as const;
  if (random.chance(0.15)) timeline.after(random.logUniform(1_000, 20 * MINUTE_MS), () => void call(sent, notes));
  return call(sent, notes);
}
