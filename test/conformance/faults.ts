import { Buffer } from 'node:buffer';
import { PATHS } from '../../functions/account-api/wire/endpoint.ts';
import type { Body, HttpHandler, HttpReply, HttpRequest } from '../../functions/lambda/request.ts';
import { ownHandler, secretOf } from './own-account-api.ts';

/** Account APIs with faults: our own with one change, or an imitation. */

type Json = Readonly<Record<string, unknown>>;

/** Changes each request. */
export const hearing = (change: (request: HttpRequest) => HttpRequest): HttpHandler => {
  const handle = ownHandler();
  return (request) => handle(change(request));
};

/** Changes each reply. */
export const answering = (change: (reply: HttpReply, to: HttpRequest) => HttpReply): HttpHandler => {
  const handle = ownHandler();
  return async (request) => change(await handle(request), request);
};

/** Changes the JSON of a request if `change` returns another. */
export const reading = (change: (json: Json) => Json | undefined): HttpHandler =>
  hearing((request) => {
    const changed = change(objectIn(request.body));
    return changed === undefined ? request : { ...request, body: Buffer.from(JSON.stringify(changed)) };
  });

/** Returns a body's JSON object; empty if the body has none. */
function objectIn(body: Body): Json {
  try {
    return { ...Object(JSON.parse(body.toString())) };
  } catch {
    return {};
  }
}

type Element = Json & { readonly account_list: readonly unknown[] };

/** Changes each element of operations 1 to 3 that has accounts. */
export const readingElements = (change: (element: Element) => unknown): HttpHandler =>
  reading((json) => {
    const elements = json['token_accounts'];
    if (!Array.isArray(elements)) return undefined;
    const changed = elements.map((element) => (Array.isArray(element.account_list) ? change(element) : element));
    return { ...json, token_accounts: changed };
  });

/** Changes the JSON of a reply. */
export const saying = (change: (json: Json, to: HttpRequest) => Json): HttpHandler =>
  answering((reply, to) => ({ ...reply, body: change(Object(reply.body), to) }));

/** Changes the results of a reply that has any. */
export const sayingResults = (change: (results: readonly unknown[], to: HttpRequest) => unknown): HttpHandler =>
  saying((json, to) => (Array.isArray(json['result']) ? { ...json, result: change(json['result'], to) } : json));

type Entry = Json & { readonly account_list?: readonly unknown[]; readonly token_list?: readonly unknown[] };

/** Changes the entries of a query's reply. */
export const sayingLists = (change: (entries: readonly Entry[]) => readonly unknown[]): HttpHandler =>
  saying((json) => {
    const lists = ['token_accounts', 'account_tokens'].filter((key) => Array.isArray(json[key]));
    return { ...json, ...Object.fromEntries(lists.map((key) => [key, change(Object(json[key]))])) };
  });

export const turnedAround = <T>(value: T): T => (Array.isArray(value) ? Object(value.toReversed()) : value);

export const turning =
  (list: 'account_list' | 'token_list') =>
  (entry: Entry): Entry => ({ ...entry, ...(entry[list] && { [list]: turnedAround(entry[list]) }) });

/** The operation 4 for the tokens of an operation 1 to 3. */
export const cleared = ({ token_accounts }: Json): Json | undefined =>
  Array.isArray(token_accounts)
    ? { operator_type: 4, token_list: token_accounts.map(({ token }) => token) }
    : undefined;

/** Clears the tokens of an operation before the operation. */
export function clearing(operation: 1 | 2): HttpHandler {
  const handle = ownHandler();
  return async (request) => {
    const json = objectIn(request.body);
    const before = json['operator_type'] === operation ? cleared(json) : undefined;
    if (before) await handle({ ...request, body: Buffer.from(JSON.stringify(before)) });
    return handle(request);
  };
}

/** Answers ok and does nothing. */
export const lazy: HttpHandler = async ({ body }) => {
  const { token_accounts = [], token_list = [], account_list = [] } = objectIn(body);
  const result = [token_accounts, token_list, account_list].flat().map(() => 'ok');
  return { status: 200, body: { ret_code: 0, err_msg: 'ok', retCode: 0, errMsg: 'ok', result } };
};

/** Applies operations a moment after the answer, in order, as hosted APIs do. Queries see the state until then. */
export function later(): HttpHandler {
  const [accepting, working] = [ownHandler(), ownHandler()];
  let work = Promise.resolve();
  return async (request) => {
    if (request.path === PATHS.query) return working(request);
    const moment = new Promise((resolve) => setTimeout(resolve, 20));
    work = Promise.all([work, moment]).then(async () => {
      await working(request);
    });
    return accepting(request);
  };
}

/** Accepts every caller as the app. */
export const acceptingAllAs = (app: string): HttpHandler =>
  hearing((request) => ({
    ...request,
    headers: { authorization: `Basic ${Buffer.from(`${app}:${secretOf(app)}`).toString('base64')}` },
  }));
