import * as z from 'zod';
import { type Account, accountKey } from '../../../functions/core/account.ts';
import type { OnFinding } from '../finding.ts';
import type { Caller } from '../gateway.ts';
import { READER_SECRET } from '../scene.ts';
import { DAY_MS } from '../timeline.ts';
import { isFor, isShown, onlineAt, type Phone } from './phone.ts';
import { PEOPLE } from './scene.ts';

const Device = z.object({ app: z.string(), token: z.string(), fence: z.string() });
const Answer = z.object({
  accounts: z.array(z.object({ account: z.string(), account_type: z.int(), devices: z.array(Device) })),
  cursor: z.optional(z.string()),
});

export type Device = z.infer<typeof Device> & { readonly account: Account };

/** Returns the devices of accounts, or undefined if an answer is missing. */
export async function resolved({ call }: Pick<Caller, 'call'>, accounts: readonly Account[]) {
  const named = accounts.map(({ id, type }) => ({ account: id, account_type: type }));
  const devices: Device[] = [];
  for (let cursor: string | undefined; ; ) {
    const body = JSON.stringify({ accounts: named, cursor });
    const headers = () => ({ authorization: `Bearer ${READER_SECRET}` });
    const answer = await call({ door: 'resolve', path: '/v1/resolve', headers, body });
    if (answer?.status !== 200) return undefined;
    const page = Answer.parse(JSON.parse(answer.body));
    for (const { account, account_type, devices: found } of page.accounts) {
      const owner = accounts.find(({ id, type }) => id === account && type === account_type);
      if (owner) devices.push(...found.map((device) => ({ ...device, account: owner })));
    }
    cursor = page.cursor;
    if (cursor === undefined) return devices;
  }
}

type Shown = { strayed: number; shownWrong: number; arrived: number; hidden: number };

type Sender = Caller & { readonly phones: readonly Phone[]; readonly shown: Shown; readonly onFinding: OnFinding };

/**
 * Asks for the devices of all people, and sends each a message. The push service keeps it while the phone is offline, or
 * longer.
 */
export async function sendMessage(sender: Sender): Promise<void> {
  const { timeline, random, phones } = sender;
  const devices = await resolved(sender, PEOPLE);
  for (const { app, token, account, fence } of devices ?? []) {
    const phone = phones.find((one) => one.token === token && one.app.id === app);
    const delayMs = random.chance(0.5) ? random.logUniform(50, 5_000) : random.logUniform(5_000, DAY_MS / 8);
    if (phone) timeline.after(delayMs, () => deliver(sender, phone, { account, fence }));
  }
}

function deliver(sender: Sender, phone: Phone, message: { account: Account; fence: string }): void {
  const { timeline, shown, onFinding } = sender;
  const now = timeline.now();
  const at = onlineAt(phone, now);
  if (at > now) {
    timeline.after(at - now, () => deliver(sender, phone, message));
    return;
  }
  const [isWanted, isSeen] = [isFor(phone, message), isShown(phone, message)];
  if (isWanted) {
    shown.arrived++;
    if (!isSeen) shown.hidden++;
    return;
  }
  shown.strayed++;
  if (!isSeen) return;
  shown.shownWrong++;
  const user = phone.login ? accountKey(phone.login.account) : 'signed out';
  onFinding('P1 no message is shown to another person', `one for ${accountKey(message.account)} to ${user}`);
}
