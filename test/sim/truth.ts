import { type Account, type AccountKey, accountKey, parseAccountKey } from '../../functions/core/account.ts';
import type { AppId } from '../../functions/core/configuration.ts';
import { type TokenDocument, UNMARKED, type Watermark } from '../../functions/core/document.ts';
import { eventHash } from '../../functions/core/stamp.ts';
import { type AccountRef, accountDigest, type RegistryStore, type TokenRef } from '../../functions/core/store.ts';
import { manyOf } from '../memory/registry-store.ts';
import { BEGINNING_MS } from './cast.ts';
import { MOST_SKEW_MS } from './timeline.ts';

/** When each binding was true, as the stored registers say it. */
export type Truth = {
  /** The store, watched: each write that happens is part of the history. */
  readonly store: RegistryStore;
  /** Returns true if the binding was true at some instant of that span, ends included. */
  readonly wasTrue: (token: TokenRef, account: AccountRef, from: number, to: number) => boolean;
  /** All times during which the binding was true. */
  readonly spansOf: (token: TokenRef, account: Account) => readonly Span[];
  /** The history of the stored registers, a line each, for a person. */
  readonly history: readonly (() => string)[];
};

/** A time (ms) during which a binding was true, or held by the hosted API, and the edge that made it so. */
export type Span = { readonly from: number; to: number; readonly edge: string };

/** When the lease in an edge ends (ms after the beginning), by the right time. The registers do not change then. */
export const leaseIn = ({ edge }: Span): number =>
  Number(edge.split('^')[1]?.split('@')[0] ?? Number.POSITIVE_INFINITY) - BEGINNING_MS;

/** Tests that a binding was true all that time, by every machine's clock. */
export const covers = (span: Span, first: number, last: number): boolean =>
  span.from <= first && Math.min(span.to, leaseIn(span) - MOST_SKEW_MS) >= last;

export function watched(inner: RegistryStore, now: () => number): Truth {
  const documents = new Map<string, TokenDocument>();
  const watermarks = new Map<string, Watermark>();
  const spans = new Map<string, Span[]>();
  const history: (() => string)[] = [];

  const look = (app: AppId, token: string, account: AccountKey) => {
    const document = documents.get(`${app} ${token}`);
    const name = `${app} ${token} ${account}`;
    const watermark = watermarks.get(accountDigest({ app, account: parseAccountKey(account) })) ?? UNMARKED;
    const isTrue = document !== undefined && says(document, account, watermark);
    const known = spans.get(name) ?? [];
    spans.set(name, known);
    note(known, isTrue ? document.edges[account] : undefined, now());
  };
  const spansOf = (token: TokenRef, account: Account) =>
    spans.get(`${token.app} ${token.token} ${accountKey(account)}`) ?? [];

  return {
    history,
    spansOf,
    wasTrue: (token, { account }, from, to) =>
      spansOf(token, account).some(
        (span) => span.from <= to && from <= Math.min(span.to, leaseIn(span) + MOST_SKEW_MS),
      ),
    // Writes of many are seen one by one.
    store: manyOf({
      ...inner,
      write: async (ref, document, version) => {
        const result = await inner.write(ref, document, version);
        if (result !== 'written') return result;
        const before = documents.get(`${ref.app} ${ref.token}`);
        documents.set(`${ref.app} ${ref.token}`, document);
        const accounts = new Set([...Object.keys(before?.edges ?? {}), ...Object.keys(document.edges)]);
        // Every key of `edges` was made by accountKey.
        for (const account of accounts) look(ref.app, ref.token, account as AccountKey);
        const at = now();
        history.push(() => `${at.toFixed(1)} ms: ${ref.token} version ${version + 1} ${JSON.stringify(document)}`);
        return result;
      },
      writeWatermark: async (ref, watermark, before) => {
        const result = await inner.writeWatermark(ref, watermark, before);
        if (result !== 'written') return result;
        watermarks.set(accountDigest(ref), watermark);
        // Every key of `edges` was made by accountKey.
        for (const [name, { edges }] of documents)
          for (const account of Object.keys(edges) as AccountKey[])
            if (name.startsWith(`${ref.app} `)) look(ref.app, name.slice(ref.app.length + 1), account);
        const at = now();
        history.push(() => `${at.toFixed(1)} ms: account ${accountDigest(ref)} ${JSON.stringify(watermark)}`);
        return result;
      },
    }),
  };
}

/** Goes on with the history of a binding, which is now true by that edge, or not true. */
export function note(spans: Span[], edge: string | undefined, now: number): void {
  const last = spans.at(-1);
  const open = last?.to === Number.POSITIVE_INFINITY ? last : undefined;
  if (open?.edge === edge) return;
  if (open) open.to = now;
  if (edge !== undefined) spans.push({ from: now, to: Number.POSITIVE_INFINITY, edge });
}

/** Returns the bindings in the registers, read by other code than the registry's own: the two must agree. */
function says({ clear, clearFloor, edges, ended }: TokenDocument, account: AccountKey, all: Watermark): boolean {
  const [terms = '', issued] = (edges[account] ?? '').split('@');
  const [bind = ''] = terms.split('^');
  const [moment = '', session] = bind.split('~');
  const [, , , , phase] = moment.split('.');
  if (phase !== '1') return false;
  const [type = ''] = account.split('#');
  const [floor = ''] = clearFloor.split('|');
  const spared = Object.keys(all.spared).filter((one) => one !== session);
  const clears = [clear['*'], clear[type], floor];
  if (clears.some((removal) => removal !== undefined && removal >= moment)) return false;
  const signedOut = [all.removal, ...spared.map((one) => all.spared[one])];
  const seen = issued !== undefined && issued < moment ? issued : moment;
  if (signedOut.some((removal) => removal !== undefined && removal >= seen)) return false;
  return session === undefined || !(session in ended || session in all.ended || eventHash(session, account) in ended);
}
