import { accountKey } from '../core/account.ts';
import type { AppId } from '../core/configuration.ts';
import { type Operation, OperationsMessage } from '../core/operation.ts';
import { type Outcome, orUnavailable } from '../core/outcome.ts';
import type { MessageResult } from '../lambda/message.ts';
import { jsonIn } from '../lambda/request.ts';

export type ApplyPorts = {
  readonly apply: (operations: readonly Operation[]) => Promise<Outcome[]>;
  /** Sets aside operations that can never be applied, with the reason. May reject with `Unavailable`. */
  readonly park: (id: string, operations: readonly Operation[], reason: string) => Promise<void>;
  readonly mirrors?: Mirrors | undefined;
  /** What the log shows in place of a token or an account; without it the log shows neither. */
  readonly pseudonymOf?: ((name: string) => string) | undefined;
};

/** An operation and the id of its request. */
export type AppliedOperation = { readonly id: string; readonly operation: Operation };

/** The apps with a mirror, and the call that marks dirty what was applied. `mark` may reject with `Unavailable`. */
export type Mirrors = {
  readonly apps: ReadonlySet<AppId>;
  readonly mark: (applied: readonly AppliedOperation[]) => Promise<void>;
};

/**
 * Applies a batch of messages and says of each, in order, whether it may leave the queue. All operations are applied
 * together, so that a token named by many messages is written once. A message that cannot be read was written by
 * another version of this code: it stays, and ends as a dead letter that can be sent again.
 */
export async function applyMessages(ports: ApplyPorts, bodies: readonly string[]): Promise<MessageResult[]> {
  const messages = bodies.map(messageIn);
  const operations = messages.flatMap((message) => message?.operations ?? []);
  const outcomes = await ports.apply(operations);
  const unmarked = ports.mirrors && (await markMirrored(ports.mirrors, messages, outcomes));
  const rest = outcomes.values();
  const settled: MessageResult[] = [];
  for (const message of messages) {
    if (message === undefined) settled.push({ kind: 'retry', reason: 'unreadable' });
    else {
      const own = rest.take(message.operations.length).toArray();
      const stays = unmarked !== undefined && message.operations.some(({ app }) => ports.mirrors?.apps.has(app));
      const become = stays ? whyNot(message, unmarked) : await settle(ports, message, own);
      settled.push({ ...become, ...whoIn(message, ports) });
    }
  }
  return settled;
}

const whyNot = ({ id }: OperationsMessage, reason: string): MessageResult => ({ kind: 'retry', id, reason });

/** Names one line of the log shows at most. */
const SHOWN = 20;

/** Pseudonyms of the tokens and accounts a message is about: who has the key can follow one through the log. */
function whoIn({ operations }: OperationsMessage, { pseudonymOf }: ApplyPorts): { who?: string } {
  if (pseudonymOf === undefined) return {};
  const names = new Set(operations.flatMap(namesIn));
  return { who: [...names].slice(0, SHOWN).map(pseudonymOf).join(' ') };
}

function namesIn(operation: Operation): string[] {
  if (operation.kind === 'unbindAccountFromAll') return [accountKey(operation.account)];
  const accounts = 'accounts' in operation ? operation.accounts : [];
  return [operation.token, ...accounts.map(accountKey)];
}

/**
 * Marks what was applied as dirty on its mirrors, also what changed nothing: the door may have applied it first. Answers
 * with why that was not possible; then the messages stay, and with them the marks that are still to be made.
 */
async function markMirrored(
  { apps, mark }: Mirrors,
  messages: readonly (OperationsMessage | undefined)[],
  outcomes: readonly Outcome[],
): Promise<string | undefined> {
  const all = messages.flatMap((message) =>
    (message?.operations ?? []).map((operation) => ({ id: message?.id ?? '', operation })),
  );
  const isApplied = (place: number) => ['applied', 'superseded'].includes(outcomes[place]?.kind ?? '');
  const applied = all.filter(({ operation }, place) => apps.has(operation.app) && isApplied(place));
  if (applied.length === 0) return undefined;
  return (await orUnavailable(() => mark(applied)))?.reason;
}

function messageIn(body: string): OperationsMessage | undefined {
  const json = jsonIn(body);
  const message = OperationsMessage.safeParse(json?.value);
  return message.success ? message.data : undefined;
}

/** A message stays while any of its operations is unavailable; what was refused is parked before the message goes. */
async function settle(
  { park }: ApplyPorts,
  message: OperationsMessage,
  outcomes: readonly Outcome[],
): Promise<MessageResult> {
  const { id, operations } = message;
  const unavailable = outcomes.find((outcome) => outcome.kind === 'unavailable');
  if (unavailable) return { kind: 'retry', id, reason: unavailable.reason };
  const refused = operations.filter((_, i) => outcomes[i]?.kind === 'refused');
  const reason = outcomes.find((outcome) => outcome.kind === 'refused')?.reason;
  if (reason === undefined) return { kind: 'done', id, parked: 0 };
  const parked = await orUnavailable(() => park(id, refused, reason));
  return parked ? { kind: 'retry', id, reason: parked.reason } : { kind: 'done', id, parked: refused.length };
}
