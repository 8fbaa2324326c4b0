import { Buffer } from 'node:buffer';
import * as z from 'zod';
import { PATHS } from '../../functions/account-api/wire/endpoint.ts';
import { OperateReplies, type OperateRequest, OperateRequests } from '../../functions/account-api/wire/operate.ts';
import {
  QueryReplies,
  type QueryReply,
  type QueryRequest,
  QueryRequests,
} from '../../functions/account-api/wire/query.ts';
import type { App } from '../../functions/core/configuration.ts';
import type { Operation } from '../../functions/core/operation.ts';
import { textOf } from './cast.ts';
import type { Caller, DoorAnswer } from './gateway.ts';
import { judge } from './outcomes.ts';
import type { Answer } from './promises.ts';
import type { Random } from './random.ts';
import { APP_SECRET, SCENE } from './scene.ts';
import { type Bound, byTime, effectOn } from './serial.ts';
import { shownOfAccounts, shownOfTokens } from './shown.ts';

/** A client of the Account API for an app. It makes one call after the other. */
export type Client = Caller & { readonly app: App };

const headersOf = (app: App): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${app.id}:${APP_SECRET}`).toString('base64')}`,
});

/** A client's knowledge of its last call: its operations, if the answer was that they are applied. */
export type Known = readonly Operation[];

/** One call of batchoperate. Nothing is tried again: to the service each call is a new one. */
export async function operate(client: Client, before: Known): Promise<Known> {
  const { app, call, random } = client;
  const body = JSON.stringify(z.encode(OperateRequests[app.dialect], drawRequest(random)));
  let known: Known = [];
  const onAnswer = (answer: DoorAnswer) => {
    if (answer.status === 200) known = judgeCall(client, before, answer) ?? known;
  };
  const answer = await call(
    { door: 'account-api', path: PATHS.operate, headers: () => headersOf(app), body },
    { onAnswer },
  );
  return answer === undefined ? [] : known;
}

/** Judges the answer to a call that was accepted. Returns its operations, if the answer was that they are in effect. */
function judgeCall(client: Client, before: Known, answer: DoorAnswer): Known | undefined {
  const { app, ledger, onFinding, deployment } = client;
  const { requestId, headers, body, sawStoreFail } = answer;
  const reply = OperateReplies[app.dialect].parse(JSON.parse(body));
  const deeds = ledger.deedsOf(requestId);
  if (reply.kind !== 'done' || reply.results.some((result) => result !== 'done' && result !== 'unknownToken'))
    onFinding('a valid call is accepted', body);
  else if (reply.results.length !== deeds.length)
    onFinding(
      'O5 what was accepted is on the queue',
      `${reply.results.length} elements accepted, ${deeds.length} on the queue`,
    );
  const said = headers['bindery-outcome'];
  if (said === 'durable') return undefined;
  const operations = deeds.map(({ operation }) => operation);
  // All of a call is `applied`, or some of it is not: which, the answer does not say.
  if (said === 'applied') for (const one of deeds) judge({ ...answer, ledger, onFinding, ...deployment }, said, [one]);
  else for (const operation of operations) ledger.inEffect(operation, answer.at);
  if (!sawStoreFail) compare(client, before, operations);
  return operations;
}

/** A call made after another was in effect is later than it, wherever one binds what the other removes. */
function compare({ app, onFinding }: Client, before: Known, after: Known): void {
  for (const token of SCENE.tokens)
    for (const account of SCENE.accounts) {
      const pair = { app: app.id, token, account };
      const [earlier, later] = [decisive(before, pair), decisive(after, pair)];
      if (!earlier || !later || effectOn(earlier, pair) === effectOn(later, pair)) continue;
      if (byTime(later, earlier) < 0)
        onFinding('calls made one after the other keep their order', `${textOf(earlier)} before ${textOf(later)}`);
    }
}

/** Which of a call's operations decides about a binding. */
const decisive = (operations: Known, pair: Omit<Bound, 'by'>): Operation | undefined =>
  operations
    .filter((operation) => effectOn(operation, pair) !== undefined)
    .sort(byTime)
    .at(-1);

function drawRequest(random: Random): OperateRequest {
  const kind = random.pick([
    'bind',
    'bindOverriding',
    'bindOverriding',
    'unbind',
    'unbindTokenFromAll',
    'unbindAccountFromAll',
  ] as const);
  const some = <T>(items: readonly T[]) => Array.from({ length: random.chance(0.3) ? 2 : 1 }, () => random.pick(items));
  if (kind === 'unbindTokenFromAll') return { kind, tokens: some(SCENE.tokens) };
  if (kind === 'unbindAccountFromAll') return { kind, accounts: some(SCENE.accounts) };
  return { kind, elements: some(SCENE.tokens).map((token) => ({ token, accounts: some(SCENE.accounts) })) };
}

/** Asks for some tokens or some accounts; every binding of them that the answer shows, or does not show. */
export async function ask({ app, call, timeline, onFinding }: Client, request: QueryRequest): Promise<Answer[]> {
  const from = timeline.now();
  const body = JSON.stringify(z.encode(QueryRequests[app.dialect], request));
  const answer = await call({ door: 'account-api', path: PATHS.query, headers: () => headersOf(app), body });
  if (answer === undefined || answer.status === 503 || answer.status === 502) return [];
  const reply = QueryReplies[app.dialect].parse(JSON.parse(answer.body));
  if (reply.kind === 'found')
    return shownIn(reply, request).map((shown) => ({ ...shown, app: app.id, from, to: answer.at }));
  onFinding('a valid query is answered', answer.body);
  return [];
}

function shownIn({ tokensOf = [], accountsOf = [] }: Extract<QueryReply, { kind: 'found' }>, request: QueryRequest) {
  const [ofAccounts, ofTokens] = [tokensOf.map(({ tokens }) => tokens), accountsOf.map(({ accounts }) => accounts)];
  if (request.kind === 'tokensOf') return shownOfAccounts(request.accounts, SCENE.tokens, ofAccounts);
  return shownOfTokens(request.tokens, SCENE.accounts, ofTokens);
}

export const drawQuery = (random: Random): QueryRequest =>
  random.chance(0.5)
    ? { kind: 'accountsOf', tokens: random.shuffled(SCENE.tokens).slice(0, 1 + random.below(2)) }
    : { kind: 'tokensOf', accounts: random.shuffled(SCENE.accounts).slice(0, 1 + random.below(2)) };
