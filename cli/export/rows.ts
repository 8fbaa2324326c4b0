import type { Account, Platform, Token } from '../../functions/core/account.ts';
import { boundTo } from '../../functions/core/bindings.ts';
import type { AppId } from '../../functions/core/configuration.ts';
import { msOf } from '../../functions/core/stamp.ts';
import type { RegistryStore } from '../../functions/core/store.ts';
import type { SweepStore } from '../../functions/sweep/store.ts';

/** One binding of the registry. */
export type Exported = {
  readonly app: AppId;
  readonly token: Token;
  readonly account: Account;
  readonly boundMs: number;
};

/**
 * Reads all bindings page by page. The scan only finds tokens; their documents, and then the watermarks of their accounts,
 * are read strongly. So the bindings of a page were there at one time, and pages differ in that time.
 */
export async function* bindingsOf(
  { page }: Pick<SweepStore, 'page'>,
  store: RegistryStore,
  isAsked: (app: AppId) => boolean,
  now: () => number,
): AsyncGenerator<readonly Exported[]> {
  let after: string | undefined;
  do {
    const { items, next } = await page(after);
    const refs = items.flatMap((item) => (item.kind === 'document' && isAsked(item.ref.app) ? [item.ref] : []));
    const bound = await boundTo(store, refs, now());
    yield refs.flatMap(({ app, token }, i) =>
      (bound[i] ?? []).map(({ type, id, edge }) => ({ app, token, account: { type, id }, boundMs: msOf(edge) })),
    );
    after = next;
  } while (after !== undefined);
}

const COLUMNS = ['app', 'platform', 'token', 'account', 'account_type', 'bound_at'] as const;
type Columns = Readonly<Record<(typeof COLUMNS)[number], string>>;

/** The lines of a format: its head, and the line of one binding. `import` reads both formats without a mapping. */
export const WRITERS = {
  csv: {
    head: `${COLUMNS.join(',')}\n`,
    line: (row: Columns) => `${COLUMNS.map((name) => quoted(row[name])).join(',')}\n`,
  },
  ndjson: { head: '', line: (row: Columns) => `${JSON.stringify(row)}\n` },
} as const;
export type ExportFormat = keyof typeof WRITERS;

/** RFC 4180. A blank at an end would be lost in some readers without quotes. */
const quoted = (text: string): string => (/[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

export const columnsOf = ({ app, token, account, boundMs }: Exported, platform: Platform | undefined): Columns => ({
  app,
  platform: platform ?? '',
  token,
  account: account.id,
  account_type: String(account.type),
  bound_at: new Date(boundMs).toISOString(),
});
