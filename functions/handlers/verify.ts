import type { Token } from '../core/account.ts';
import type { AppId } from '../core/configuration.ts';
import { type Check, ChecksMessage } from '../core/mirror-mark.ts';
import { orUnavailable } from '../core/outcome.ts';
import { msOf } from '../core/stamp.ts';
import { momentsOf } from '../core/token-document.ts';
import { jsonIn } from './json.ts';
import { type MirrorPorts, QUERIED_A_CALL } from './mirror-ports.ts';
import type { Again } from './mirror-tell.ts';
import type { Delivery, Settled } from './settled.ts';
import { compare, type Due } from './verify-compare.ts';

/**
 * Asks the hosted side what tokens hold. What differs is marked dirty again, and that until it is equal; what is equal
 * is looked at once more, much later. Checks of all messages of an app are asked together.
 */
export async function verifyMessages(
  mirrors: ReadonlyMap<AppId, MirrorPorts>,
  deliveries: readonly Delivery[],
): Promise<Settled[]> {
  const messages = deliveries.map(({ body }) => checksIn(body));
  const again = new Map<Check, Again>();
  for (const [id, ports] of mirrors) {
    const asked = messages
      .filter((message) => message?.app === id)
      .flatMap((message) => (message ? message.checks.map((check) => ({ check, cause: message.cause })) : []));
    for (const [check, why] of await verify(ports, asked)) again.set(check, why);
  }
  return messages.map((message): Settled => {
    if (message === undefined) return { kind: 'again', reason: 'unreadable' };
    const line = { app: message.app, cause: message.cause, checks: message.checks.length };
    const why = message.checks.map((check) => again.get(check)).find((one) => one !== undefined);
    return why ? { ...why, ...line } : { kind: 'done', ...line };
  });
}

function checksIn(body: string): ChecksMessage | undefined {
  const message = ChecksMessage.safeParse(jsonIn(body)?.value);
  return message.success ? message.data : undefined;
}

type Asked = Omit<Due, 'stored'>;

async function verify(ports: MirrorPorts, asked: readonly Asked[]): Promise<Map<Check, Again>> {
  const again = new Map<Check, Again>();
  const due = await orUnavailable(() => dueOf(ports, asked));
  if ('kind' in due) return new Map(asked.map(({ check }) => [check, { kind: 'again', reason: due.reason }]));
  for (let start = 0; start < due.length; start += QUERIED_A_CALL) {
    const some = due.slice(start, start + QUERIED_A_CALL);
    const done = await orUnavailable(() => compare(ports, some));
    if (done === undefined) continue;
    const why = done.kind === 'again' ? done : ({ kind: 'again', reason: done.reason } as const);
    for (const { check } of some) again.set(check, why);
  }
  return again;
}

/**
 * Each token once. Left out is what a later push has overtaken, since that has its own verification, and what the hosted
 * side does not take. What was pushed so recently that the call may still be on its way is asked later.
 */
async function dueOf(ports: MirrorPorts, asked: readonly Asked[]): Promise<Due[]> {
  const { app, states, now } = ports;
  const each = newestOfEach(asked);
  const stored = await states.states(
    app.id,
    each.map(({ check }) => check.token),
  );
  const known = each
    .flatMap((one, i) => (stored[i] ? [{ ...one, stored: stored[i] }] : []))
    .filter(
      ({ check, stored: { state } }) => state.dropped === undefined && !(state.pushedMs > (check.pushedMs ?? now())),
    );
  const settled = now() - app.mirror.settleS * 1000;
  const early = known.filter(({ stored: { state } }) => state.pushedMs > settled);
  const waiting = early.filter(({ cause }) => cause !== 'sweep');
  for (const [cause, group] of Map.groupBy(waiting, (one) => one.cause))
    await ports.check(
      cause,
      group.map(({ check }) => check),
      Math.min(900, app.mirror.settleS),
    );
  const due = known.filter((one) => !early.includes(one));
  return withoutChanging(ports, due, settled);
}

/** Of several checks of one token that of the newest push. */
function newestOfEach(asked: readonly Asked[]): Asked[] {
  const newest = new Map<Token, Asked>();
  for (const one of asked) {
    const known = newest.get(one.check.token)?.check;
    if (known === undefined || (one.check.pushedMs ?? 0) >= (known.pushedMs ?? 0)) newest.set(one.check.token, one);
  }
  return [...newest.values()];
}

/** A sweep leaves alone what has changed just now: its own mark is on the way, and the difference says nothing. */
async function withoutChanging({ app, registry }: MirrorPorts, due: readonly Due[], settled: number): Promise<Due[]> {
  const swept = due.filter(({ cause }) => cause === 'sweep');
  if (swept.length === 0) return [...due];
  const documents = await registry.documents(swept.map(({ check }) => ({ app: app.id, token: check.token })));
  const changing = swept.filter((_, i) => {
    const document = documents[i]?.document;
    return document !== undefined && Math.max(...momentsOf(document).map(msOf)) > settled;
  });
  return due.filter((one) => !changing.includes(one));
}
