import { readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { importing } from '../../../cli/import/import.ts';
import { importLines } from '../../../cli/import/run.ts';
import { dynamodbRegistryStore } from '../../../functions/aws/registry-store.ts';
import { applyAll } from '../../../functions/core/apply.ts';
import { AppId } from '../../../functions/core/configuration.ts';
import { OperationsMessage } from '../../../functions/core/operation.ts';
import { NAMES } from '../../../local/aws/resources.ts';
import { type SqsServer, startSqs } from '../../../local/aws/servers.ts';
import { writeInstance } from '../../../local/description.ts';
import { type EmbeddedTable, embeddedTable } from '../../aws/table.ts';
import { exampleConfiguration, temporaryFolder } from '../../local/instance.ts';
import { login, World } from '../dlq-world.ts';
import { run } from '../run.ts';

let server: SqsServer;
let world: World;
let table: EmbeddedTable;
beforeAll(async () => {
  server = await startSqs();
  [world, table] = await Promise.all([World.on(server), embeddedTable(NAMES.table)]);
});
afterAll(() => Promise.all([server.stop(), table.stop()]));

const LIST = 'token,account,bound_at\nphone,alice,2026-01-01\ntablet,null,2026-01-01\nphone,alice,2026-01-01\n';

function listIn(folder: string, content = LIST): string {
  const file = join(folder, 'list.csv');
  writeFileSync(file, content);
  return file;
}

function imported(folder: string, ...args: string[]) {
  const apps = exampleConfiguration().apps.map((app) => ({ ...app, secretKey: '' }));
  writeInstance({ ...NO_INSTANCE, apps, sqs: server.url, dynamodb: table.url }, folder);
  return run(importing, ['--app', 'xg-android', ...args], { folder });
}

const NO_INSTANCE = {
  url: 'http://127.0.0.1:8787',
  sources: [],
  providers: [],
  sourceQueues: [],
  identities: [],
  readers: [],
};

test('an import without --yes changes nothing, reports counts, and writes the faults of lines without their values', async () => {
  const folder = temporaryFolder();
  const errors = join(folder, 'errors.txt');
  const { code, out, err } = await imported(folder, '--file', listIn(folder), '--errors', errors, '--json');
  expect(code).toBe(0);
  expect(JSON.parse(out)).toEqual({
    lines: 3,
    binds: 2,
    duplicates: 1,
    untimed: 0,
    apps: { 'xg-android': 2 },
    skipped: {},
    faults: { 'account: is what a program writes where it has no value, such as "null"': 1 },
  });
  expect(err).toContain('Nothing was changed');
  expect(readFileSync(errors, 'utf8')).toBe(
    '3\taccount: is what a program writes where it has no value, such as "null"\n',
  );
  expect(await world.receivable('operations')).toEqual([]);
});

test('an import with --yes puts its binds on the queue in one message', async () => {
  const folder = temporaryFolder();
  const { code, err } = await imported(folder, '--file', listIn(folder), '--yes', '--no-wait');
  expect([code, err]).toEqual([0, expect.stringContaining('on the operations queue')]);
  const bodies = (await world.receivable('operations')).map(({ Body = '' }) =>
    OperationsMessage.parse(JSON.parse(Body)),
  );
  expect(bodies).toHaveLength(1);
  expect(bodies[0]).toMatchObject({
    from: 'import',
    operations: [{ kind: 'bind', token: 'phone' }, { token: 'phone' }],
  });
});

test('a line whose token the registry knows by an old logout is left out, counted and noted, in a dry run too', async () => {
  const folder = temporaryFolder();
  const errors = join(folder, 'errors.txt');
  const store = dynamodbRegistryStore(table);
  await applyAll({ store, now: Date.now, pause: async () => {} }, [
    { ...login('known', 'bob', Date.now() - 34.9 * 86_400_000) },
  ]);
  const list = 'token,account\nknown,alice\nnew,alice\n';
  for (const yes of [[], ['--yes', '--no-wait']]) {
    const { out } = await imported(folder, '--file', listIn(folder, list), '--errors', errors, '--json', ...yes);
    expect(JSON.parse(out)).toMatchObject({ lines: 2, binds: 1, skipped: { [KNOWN]: 1 }, faults: {} });
    expect(readFileSync(errors, 'utf8')).toBe(`2\t${KNOWN}\n`);
  }
  const bodies = (await world.receivable('operations')).map(({ Body = '' }) => JSON.parse(Body).operations);
  expect(bodies).toEqual([[expect.objectContaining({ token: 'new' })]]);
});

const KNOWN = 'known already, by a live event that is older than imported binds';

test('a list that is older than 30 days is refused, unless it is forced', async () => {
  const folder = temporaryFolder();
  const file = listIn(folder);
  const old = Date.now() / 1000 - 31 * 86_400;
  utimesSync(file, old, old);
  const { code, err } = await imported(folder, '--file', file);
  expect([code, err]).toEqual([1, expect.stringContaining('was made 31 days ago')]);
  expect((await imported(folder, '--file', file, '--force')).code).toBe(0);
  expect((await imported(folder, '--file', file, '--as-of', new Date().toISOString())).code).toBe(0);
});

test('an import that is killed goes on after the last line that is on the queue, with the same stamps', async () => {
  const sent = new Map<string, string[]>();
  let saved = 0;
  const from = async (line: number, failAfter: number) => {
    const progress = { begunMs: Date.parse('2026-01-01'), line, save: (reached: number) => (saved = reached) };
    const ports = {
      send: async (id: string, operations: readonly unknown[]) => {
        if (sent.size >= failAfter) throw new Error('killed');
        sent.set(id, [...(sent.get(id) ?? []), JSON.stringify(operations)]);
      },
      known: async () => [],
      room: async () => {},
      onFault: () => {},
      onProgress: () => {},
      now: Date.now,
    };
    const apps = [{ id: AppId.parse('shop'), policy: 'many', platform: 'android' }] as const;
    const options = { rate: 1_000_000, signal: new AbortController().signal };
    return importLines(list(), { apps, app: 'shop', appOf: new Map() }, progress, ports, options);
  };
  await expect(from(0, 35)).rejects.toThrow('killed');
  expect(saved).toBe(300);
  const report = await from(saved, 1_000);
  expect([report.lines, saved]).toEqual([1_050, 1_050]);
  // Messages after line 300 were sent twice, and both times they were the same.
  const twice = [...sent.values()].filter((bodies) => bodies.length > 1);
  expect(twice.length).toBeGreaterThan(0);
  expect(twice.map(([first]) => first)).toEqual(twice.map(([, second]) => second));
  const tokens = [...sent.values()].flatMap(([body = '']) =>
    JSON.parse(body).map(({ token }: { token: string }) => token),
  );
  expect(new Set(tokens).size).toBe(1_050);
});

async function* list() {
  for (let line = 1; line <= 1_050; line++) yield { line, rows: [{ token: `phone-${line}`, account: 'alice' }] };
}

test('a state of another list is refused', async () => {
  const folder = temporaryFolder();
  const file = listIn(folder);
  writeFileSync(`${file}.import`, JSON.stringify({ v: 1, of: 'other', begunMs: Date.now(), line: 1 }));
  const { code, err } = await imported(folder, '--file', file, '--yes');
  expect([code, err]).toEqual([1, expect.stringContaining('is of another list')]);
});
