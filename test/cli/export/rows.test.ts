import { expect, test } from 'vitest';
import { bindingsOf, columnsOf, type Exported, WRITERS } from '../../../cli/export/rows.ts';
import { storeAfter } from '../../memory/registry-store.ts';
import { account, app, bind, moved, overrideTypes, token, unbind, unbindEverywhere } from '../../world/examples.ts';

const SHOP = app().id;

test('an export has each binding that stands, and none that a logout or a watermark removes', async () => {
  const store = await storeAfter(
    bind(1, ['alice', 'carol:1']),
    moved(bind(2, ['bob', 'dave']), 'tablet'),
    moved(unbind(3, ['dave']), 'tablet'),
    unbindEverywhere(4, 'alice'),
    moved(overrideTypes(5, ['alice']), 'watch'),
  );
  const refs = ['phone', 'tablet', 'watch'].map((name) => ({ app: SHOP, token: token(name) }));
  const documents = await store.documents(refs);
  const items = refs.map((ref, i) => ({ kind: 'document', ref, stored: documents[i] }) as const);
  const pages = [{ items: items.slice(0, 1), next: 'second' }, { items: items.slice(1) }];
  // Every document of the list exists: the world has just written it.
  const page = async (after: string | undefined) => pages[after === undefined ? 0 : 1] as never;
  const read: (readonly Exported[])[] = [];
  for await (const some of bindingsOf(
    { page },
    store,
    () => true,
    () => 1_000,
  ))
    read.push(some);
  expect(read.map((some) => some.map(({ token, account: { id } }) => [token, id]))).toEqual([
    [['phone', account('carol:1').id]],
    [
      ['tablet', 'bob'],
      ['watch', 'alice'],
    ],
  ]);
});

test('a line of CSV quotes what a reader would split or trim', () => {
  const row = { app: SHOP, token: token('phone, "2"'), account: account('two\nlines'), boundMs: 0 };
  const { head, line } = WRITERS.csv;
  expect(head).toBe('app,platform,token,account,account_type,bound_at\n');
  expect(line(columnsOf(row, 'ios'))).toBe('shop,ios,"phone, ""2""","two\nlines",0,1970-01-01T00:00:00.000Z\n');
});
