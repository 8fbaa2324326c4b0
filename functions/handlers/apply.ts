import { Buffer } from 'node:buffer';
import { type Operation, OperationsMessage } from '../core/operation.ts';
import { type Outcome, orUnavailable } from '../core/outcome.ts';
import { jsonIn } from './json.ts';

export type ApplyPorts = {
  readonly apply: (operations: readonly Operation[]) => Promise<Outcome[]>;
  /** Sets aside operations that can never be applied, with the reason. May reject with `Unavailable`. */
  readonly park: (id: string, operations: readonly Operation[], reason: string) => Promise<void>;
};

/**
 * What becomes of a message: it may leave the queue, or it stays, for the reason given. `id` is that of the request that
 * sent it, where the message can be read.
 */
export type Settled =
  | { readonly kind: 'done'; readonly id: string; readonly parked: number }
  | { readonly kind: 'again'; readonly id?: string; readonly reason: string };

/**
 * Applies a batch of messages and says of each, in order, whether it may leave the queue. All operations are applied
 * together, so that a token named by many messages is written once. A message that cannot be read was written by
 * another version of this code: it stays, and ends as a dead letter that can be sent again.
 */
export async function applyMessages(ports: ApplyPorts, bodies: readonly string[]): Promise<Settled[]> {
  const messages = bodies.map(messageIn);
  const operations = messages.flatMap((message) => message?.operations ?? []);
  const outcomes = (await ports.apply(operations)).values();
  const settled: Settled[] = [];
  for (const message of messages) {
    if (message === undefined) settled.push({ kind: 'again', reason: 'unreadable' });
    else settled.push(await settle(ports, message, outcomes.take(message.operations.length).toArray()));
  }
  return settled;
}

function messageIn(body: string): OperationsMessage | undefined {
  const json = jsonIn(Buffer.from(body));
  const message = OperationsMessage.safeParse(json?.value);
  return message.success ? message.data : undefined;
}

/** A message stays while any of its operations is unavailable; what was refused is parked before the message goes. */
async function settle(
  { park }: ApplyPorts,
  message: OperationsMessage,
  outcomes: readonly Outcome[],
): Promise<Settled> {
  const { id, operations } = message;
  const unavailable = outcomes.find((outcome) => outcome.kind === 'unavailable');
  if (unavailable) return { kind: 'again', id, reason: unavailable.reason };
  const refused = operations.filter((_, i) => outcomes[i]?.kind === 'refused');
  const reason = outcomes.find((outcome) => outcome.kind === 'refused')?.reason;
  if (reason === undefined) return { kind: 'done', id, parked: 0 };
  const parked = await orUnavailable(() => park(id, refused, reason));
  return parked ? { kind: 'again', id, reason: parked.reason } : { kind: 'done', id, parked: refused.length };
}
