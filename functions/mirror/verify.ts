import type { Token } from '../core/account.ts';
import type { AppId } from '../core/configuration.ts';
import { momentsOf } from '../core/document.ts';
import { readable } from '../core/outcome.ts';
import { chunksOf } from '../core/parallel.ts';
import { msOf } from '../core/stamp.ts';
import type { Delivery, MessageResult } from '../lambda/message.ts';
import { inHalves, messageResult, type Retry } from './calls.ts';
import { compare, type DueCheck } from './compare.ts';
import { type Check, ChecksMessage, readMessage, TOKENS_A_QUERY } from './mark.ts';
import type { MirrorPorts } from './ports.ts';

/**
 * Queries the hosted API and compares its accounts with the registry's. Tokens that differ are marked dirty again until
 * they are equal; equal ones are verified once more, much later. The checks of all messages of an app share queries.
 */
export async function verifyMessages(
  mirrors: ReadonlyMap<AppId, MirrorPorts>,
  deliveries: readonly Delivery[],
): Promise<MessageResult[]> {
  const messages = deliveries.map(({ body }) => readMessage(ChecksMessage, body));
  const retries = new Map<Check, Retry>();
  for (const [id, ports] of mirrors) {
    const received = messages.flatMap((message) =>
      message?.app === id ? message.checks.map((check) => ({ check, cause: message.cause })) : [],
    );
    for (const [check, retry] of await verify(ports, received)) retries.set(check, retry);
  }
  return messages.map((message) => {
    if (message === undefined) return { kind: 'retry', reason: 'unreadable' };
    const { app, cause, checks } = message;
    return messageResult(checks, retries, { app, cause, checks: checks.length });
  });
}

type ReceivedCheck = Omit<DueCheck, 'stored'>;

async function verify(ports: MirrorPorts, received: readonly ReceivedCheck[]): Promise<Map<Check, Retry>> {
  const retries = new Map<Check, Retry>();
  const due: DueCheck[] = [];
  const failed: (readonly [ReceivedCheck, Retry])[] = await inHalves(received, async (some) => {
    due.push(...(await dueChecks(ports, some)));
  });
  for (const some of chunksOf(due, TOKENS_A_QUERY)) {
    const unequal = await inHalves(some, async (part) => {
      const retry = await compare(ports, part);
      if (retry) for (const { check } of part) retries.set(check, retry);
    });
    failed.push(...unequal);
  }
  for (const [{ check }, retry] of failed) retries.set(check, retry);
  return retries;
}

/**
 * Returns the checks to make now, one for each token. It leaves out tokens with a later push, which has its own check,
 * and tokens that the hosted API refuses. If a push is so recent that its call may still be on its way, the check is
 * sent again with a delay.
 */
async function dueChecks(ports: MirrorPorts, received: readonly ReceivedCheck[]): Promise<DueCheck[]> {
  const { app, states, now } = ports;
  const each = newestOfEach(received);
  const stored = await states.states(
    app.id,
    each.map(({ check }) => check.token),
  );
  const known = each
    .flatMap((one, i) => (stored[i] ? [{ ...one, stored: stored[i] }] : []))
    .filter(
      ({ check, stored: { state } }) => state.dropped === undefined && !(state.pushedMs > (check.pushedMs ?? now())),
    );
  const settledMs = now() - app.mirror.settleS * 1000;
  const early = known.filter(({ stored: { state } }) => state.pushedMs > settledMs);
  const waiting = early.filter(({ cause }) => cause !== 'sweep');
  for (const [cause, group] of Map.groupBy(waiting, (one) => one.cause))
    await ports.check(
      cause,
      group.map(({ check }) => check),
      Math.min(900, app.mirror.settleS),
    );
  const due = known.filter((one) => !early.includes(one));
  return withoutChanging(ports, due, settledMs);
}

/** Of several checks of one token, the one of the newest push. */
function newestOfEach(received: readonly ReceivedCheck[]): ReceivedCheck[] {
  const newest = new Map<Token, ReceivedCheck>();
  for (const one of received) {
    const known = newest.get(one.check.token)?.check;
    if (known === undefined || (one.check.pushedMs ?? 0) >= (known.pushedMs ?? 0)) newest.set(one.check.token, one);
  }
  return [...newest.values()];
}

/** Leaves out the sweep's checks of tokens that have just changed: their own marks are on the way. */
async function withoutChanging(
  { app, registry }: MirrorPorts,
  due: readonly DueCheck[],
  settledMs: number,
): Promise<DueCheck[]> {
  const swept = due.filter(({ cause }) => cause === 'sweep');
  if (swept.length === 0) return [...due];
  const documents = await registry.documents(swept.map(({ check }) => ({ app: app.id, token: check.token })));
  const changing = swept.filter((_, i) => {
    const document = readable(documents[i])?.document;
    return document !== undefined && Math.max(...momentsOf(document).map(msOf)) > settledMs;
  });
  return due.filter((one) => !changing.includes(one));
}
