import { join } from 'node:path';
import { build } from 'esbuild';
import { beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { BUNDLE } from '../../infra/bundling.ts';
import { type Door, TIMEOUT_S } from '../../infra/settings.ts';
import { MIRRORED, synthesized } from './synthesis.ts';

const root = join(import.meta.dirname, '../..');
const doors = Object.keys(TIMEOUT_S) as Door[]; // the keys of a record of doors

/**
 * What a bundle may weigh, in bytes. Every 100 KB take about 4 ms of a whole processor to parse, before anything runs:
 * raise it for what a function needs, and only then.
 */
const BUDGET = 315_000;

/** With an HTTP client of its own, undici, for calls that end when they shall and follow no redirect. */
const BUDGET_WITH_HTTP = 1_080_000;

/** With the compiler of schemas, for the one door whose schema is compiled in time. */
const BUDGET_WITH_COMPILER = 345_000;

function budgetOf(door: Door): number {
  if (door === 'events') return BUDGET_WITH_COMPILER;
  return ['mirror', 'verify'].includes(door) ? BUDGET_WITH_HTTP : BUDGET;
}

/** Files that reached a bundle, and how many of their bytes did. */
const contentsOf = async (door: Door) => {
  const { metafile } = await build({
    ...BUNDLE,
    absWorkingDir: root,
    entryPoints: [`functions/${door}.ts`],
    outfile: 'index.js',
    write: false,
    metafile: true,
  });
  const bundle = metafile.outputs['index.js'];
  const files = Object.entries(bundle?.inputs ?? {}).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  return { bytes: bundle?.bytes ?? Number.POSITIVE_INFINITY, files: files.map(([file]) => file) };
};

const bundles = new Map<Door, Awaited<ReturnType<typeof contentsOf>>>();
const stack = synthesized({ configuration: MIRRORED });
beforeAll(async () => {
  for (const door of doors) bundles.set(door, await contentsOf(door));
});

const filesOf = (door: Door) => bundles.get(door)?.files ?? [];

const packagesOf = (door: Door) => [
  ...new Set(filesOf(door).flatMap((file) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? [])),
];

/** The commands of AWS clients in a bundle, as IAM names what they do: `sqs:SendMessage`. */
const commandsIn = (door: Door) =>
  filesOf(door).flatMap((file) => {
    const [, client = '', command] = /@aws-sdk\/client-([^/]+)\/dist-es\/commands\/(\w+)Command\.js$/.exec(file) ?? [];
    // What IAM calls SendMessage is a batch of them too.
    return command ? [`${client.replace('-', '')}:${command.replace('SendMessageBatch', 'SendMessage')}`] : [];
  });

/** What the SDK brings along unasked: endpoint discovery, and the paginators of its document client. */
const DRAGGED_IN = ['dynamodb:DescribeEndpoints', 'dynamodb:Query', 'dynamodb:Scan'];

/** The registry's store comes whole; these only read from it. */
const STORE = ['dynamodb:UpdateItem'];
const draggedInto = (door: Door): string[] =>
  ['mirror', 'verify', 'sweep'].includes(door) ? [...DRAGGED_IN, ...STORE] : DRAGGED_IN;

const Role = z.object({
  Policies: z.array(
    z.object({
      PolicyDocument: z.object({
        Statement: z.array(z.object({ Action: z.union([z.string(), z.array(z.string())]) })),
      }),
    }),
  ),
});

describe.each(doors)('the bundle of %s', (door) => {
  test('is no heavier than its budget', () => {
    expect(bundles.get(door)?.bytes).toBeLessThan(budgetOf(door));
  });

  test('has no client of a service, and no command, that its role may not use', () => {
    const { Policies } = Role.parse(stack.propertiesAt(`${door}-role`));
    const asked = Policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement.flatMap(({ Action }) => Action));
    const may = [...asked, ...draggedInto(door)];
    const clients = packagesOf(door).flatMap(
      (name) => /^@aws-sdk\/client-(.+)$/.exec(name)?.[1]?.replace('-', '') ?? [],
    );
    expect(commandsIn(door).filter((command) => !may.includes(command))).toEqual([]);
    expect(clients.filter((client) => !commandsIn(door).some((command) => command.startsWith(`${client}:`)))).toEqual(
      [],
    );
    expect(clients.length).toBeGreaterThan(0);
  });

  test('finds credentials in the environment and nowhere else', () => {
    const providers = packagesOf(door).filter((name) =>
      /credential-provider|token-providers|nested-clients/.test(name),
    );
    expect(providers).toEqual([]);
  });

  test('speaks one language: of the locales of zod it has English', () => {
    const locales = filesOf(door).filter((file) => /zod\/v4\/locales\//.test(file));
    expect(locales.filter((file) => !file.endsWith('/en.js'))).toEqual([]);
  });

  test('has nothing that only tools and tests use', () => {
    const strays = filesOf(door).filter((file) => /^(?:local|cli|bench|test|openapi|conformance)\//.test(file));
    expect(strays).toEqual([]);
  });
});
