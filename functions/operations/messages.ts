import { accountKey } from '../core/account.ts';
import type { AppId } from '../core/configuration.ts';
import type { Announce } from '../core/installation.ts';
import { isTokenOperation, messageOf, type Operation, OperationsMessage } from '../core/operation.ts';
import { type Outcome, orUnavailable, Unavailable } from '../core/outcome.ts';
import type { MessageResult } from '../lambda/message.ts';
import { jsonIn } from '../lambda/request.ts';

export type ApplyPorts = {
  readonly apply: (operations: readonly Operation[], announce: Announce) => Promise<Outcome[]>;
  /** Parks operations that can never be applied, with the reason. May reject with `Unavailable`. */
  readonly park: (refused: OperationsMessage, reason: string) => Promise<void>;
  readonly mirrors?: Mirrors | undefined;
  /** Records applied messages in the ledger. Returns for each why it may not be there, or undefined. Default: no ledger. */
  readonly record?: ((applied: readonly AppliedMessage[]) => Promise<(string | undefined)[]>) | undefined;
  /** The pseudonym of a token or an account in the log. Default: the log shows neither. */
  readonly pseudonymOf?: ((name: string) => string) | undefined;
};

/** An operation and the id of its request. */
export type AppliedOperation = { readonly id: string; readonly operation: Operation };

/** The apps with a mirror, and the call that marks dirty what operations name. `mark` may reject with `Unavailable`. */
export type Mirrors = {
  readonly apps: ReadonlySet<AppId>;
  readonly mark: (settled: readonly AppliedOperation[]) => Promise<void>;
};

/** A message that was read, with the outcomes of its operations. */
export type AppliedMessage = OperationsMessage & { readonly outcomes: readonly Outcome[] };

/**
 * Applies a batch of messages and returns one result for each, in order. All operations are applied together, so that a
 * token that many messages name is written once. An unreadable message was written by another version of this code: it
 * stays for a worker of that version, until the door parks it.
 */
export async function applyMessages(ports: ApplyPorts, bodies: readonly string[]): Promise<MessageResult[]> {
  const applied = await applyTogether(ports, bodies.map(messageIn));
  const unmarked = await markMirrors(ports, applied);
  const unrecorded = await recordAll(ports, applied);
  const results: MessageResult[] = [];
  for (const message of applied) results.push(await resultOf(ports, message, unmarked, unrecorded));
  return results;
}

function messageIn(body: string): OperationsMessage | undefined {
  const message = OperationsMessage.safeParse(jsonIn(body)?.value);
  return message.success ? message.data : undefined;
}

async function applyTogether(
  { apply, mirrors, record }: ApplyPorts,
  messages: readonly (OperationsMessage | undefined)[],
): Promise<(AppliedMessage | undefined)[]> {
  const announce: Announce = async (removals, login) => {
    const message = messages.find((one) => one?.operations.includes(login)) ?? messageOf({ id: '' }, []);
    const { id } = message;
    if (mirrors?.apps.has(login.app)) await mirrors.mark(removals.map((operation) => ({ id, operation })));
    const outcomes = removals.map((): Outcome => ({ kind: 'applied' }));
    // Before the login of the installation is written: a copy of the login that finds it has no removals any more.
    const [failed] = (await record?.([{ ...message, operations: [...removals], outcomes }])) ?? [];
    if (failed !== undefined) throw new Unavailable(failed);
  };
  const operations = messages.flatMap((message) => message?.operations ?? []);
  const outcomes = (await apply(operations, announce)).values();
  return messages.map(
    (message) => message && { ...message, outcomes: outcomes.take(message.operations.length).toArray() },
  );
}

/**
 * Marks what the operations name as dirty on its mirrors, even if they changed nothing or were refused: the door may have
 * applied them first, and a refused bind still removes. A mark only says "look". Returns the reason if this failed; then
 * the messages of these apps stay, to be marked with the next try.
 */
async function markMirrors(
  { mirrors }: ApplyPorts,
  messages: readonly (AppliedMessage | undefined)[],
): Promise<string | undefined> {
  const applied = messages.flatMap((message) => (message ? settledIn(message) : []));
  const mirrored = applied.filter(({ operation }) => mirrors?.apps.has(operation.app));
  if (mirrors === undefined || mirrored.length === 0) return undefined;
  return (await orUnavailable(() => mirrors.mark(mirrored)))?.reason;
}

/**
 * Records messages in the ledger, before they leave the queue. A message of which nothing could be applied is not recorded:
 * in an outage of the registry that would be a second wait for a table. Returns why others may not be in it.
 */
async function recordAll(
  { record }: ApplyPorts,
  messages: readonly (AppliedMessage | undefined)[],
): Promise<ReadonlyMap<AppliedMessage, string>> {
  const applied = messages.flatMap((message) => (message && settledIn(message).length > 0 ? [message] : []));
  const failures = (record && applied.length > 0 && (await record(applied))) || [];
  return new Map(applied.flatMap((message, i) => (failures[i] === undefined ? [] : [[message, failures[i]]])));
}

const settledIn = ({ id, operations, outcomes }: AppliedMessage): AppliedOperation[] =>
  operations.filter((_, i) => outcomes[i]?.kind !== 'unavailable').map((operation) => ({ id, operation }));

async function resultOf(
  ports: ApplyPorts,
  message: AppliedMessage | undefined,
  unmarked: string | undefined,
  unrecorded: ReadonlyMap<AppliedMessage, string>,
): Promise<MessageResult> {
  if (message === undefined) return { kind: 'retry', reason: 'unreadable' };
  const isUnmarked = unmarked !== undefined && message.operations.some(({ app }) => ports.mirrors?.apps.has(app));
  const reason = isUnmarked ? unmarked : unrecorded.get(message);
  const result =
    reason === undefined ? await settle(ports, message) : ({ kind: 'retry', id: message.id, reason } as const);
  return { ...result, ...pseudonymsIn(message, ports) };
}

/** A message stays while an operation of it is unavailable. Refused operations are parked before it leaves the queue. */
async function settle({ park }: ApplyPorts, message: AppliedMessage): Promise<MessageResult> {
  const { id, operations, outcomes } = message;
  const unavailable = outcomes.find((outcome) => outcome.kind === 'unavailable');
  if (unavailable) return { kind: 'retry', id, reason: unavailable.reason };
  const refused = operations.filter((_, i) => outcomes[i]?.kind === 'refused');
  const reason = outcomes.find((outcome) => outcome.kind === 'refused')?.reason;
  if (reason === undefined) return { kind: 'done', id, parked: 0 };
  const parked = await orUnavailable(() => park(messageOf(message, refused), reason));
  return parked ? { kind: 'retry', id, reason: parked.reason } : { kind: 'done', id, parked: refused.length };
}

/** The most pseudonyms in one line of the log. */
const MAX_PSEUDONYMS = 20;

/** Pseudonyms of the tokens and accounts of a message: an operator with the key can follow one through the log. */
function pseudonymsIn({ operations }: OperationsMessage, { pseudonymOf }: ApplyPorts): { who?: string } {
  if (pseudonymOf === undefined) return {};
  const names = new Set(operations.flatMap(namesIn));
  return { who: [...names].slice(0, MAX_PSEUDONYMS).map(pseudonymOf).join(' ') };
}

function namesIn(operation: Operation): string[] {
  if (!isTokenOperation(operation)) return [accountKey(operation.account)];
  const accounts = 'accounts' in operation ? operation.accounts : [];
  return [operation.token, ...accounts.map(accountKey)];
}
