import * as z from 'zod';
import { AccountType } from '../functions/core/account.ts';
import { UserError } from '../local/user-error.ts';
import { command, type Options } from './command.ts';
import { accountTypeIn } from './send.ts';
import { columns, printable } from './table.ts';
import { missingSecret, post, replyIn, TARGET_OPTIONS, type Target, targetOf } from './target.ts';

const Binding = z.object({
  app: z.string(),
  platform: z.string().optional(),
  bound_at: z.string(),
  expires_at: z.string().optional(),
});
type Binding = z.infer<typeof Binding>;

const Devices = z.object({ devices: z.array(Binding.extend({ token: z.string() })) });
const Resolved = z.object({ accounts: z.array(Devices), cursor: z.string().optional() });

const Owner = Binding.extend({ account: z.string(), account_type: z.number() });
const Owned = z.object({ devices: z.array(z.object({ accounts: z.array(Owner) })) });

const Issue = z.object({ path: z.string(), message: z.string() });
const Refusal = z.object({ code: z.string(), detail: z.string(), issues: z.array(Issue).optional() });

const OPTIONS = {
  account: { value: 'A', help: 'list the devices of this account' },
  'account-type': { value: 'N', help: 'type of the account. Default: 0' },
  token: { value: 'T', help: 'list the accounts of this token' },
  app: { value: 'ID', repeats: true, help: 'only this app; may be repeated. Default: every app of the reader' },
  reader: { value: 'ID', help: 'the reader of the local instance that asks. Default: the first' },
  ...TARGET_OPTIONS,
  json: { help: 'print each binding as one line of JSON' },
} as const satisfies Options;

type Row = Binding & Readonly<Record<string, unknown>>;

export const devices = command({
  name: 'devices',
  usage: 'bindery devices --account A | --token T [options]',
  about:
    'Lists the devices of an account in all apps of a reader, or the accounts of a token: since when each is bound, and until when.',
  options: OPTIONS,
  examples: [
    'bindery devices --account alice',
    'bindery devices --token phone-1 --json',
    'bindery devices --account alice --url https://push.example.com --secret-id ARN   # the output SecretOfReader…',
  ],
  run: async ({ values }, terminal) => {
    const { account, token } = values;
    if ((account === undefined) === (token === undefined)) throw new UserError('give either --account or --token');
    const account_type = accountTypeIn(values['account-type']) ?? AccountType.parse(0);
    const target = await targetOf(values, terminal);
    const asking = { url: target.url, secret: secretFor(values.reader, target), apps: values.app };
    const [name, rows]: [string, Row[]] =
      token === undefined
        ? ['token', await devicesOf(asking, { account, account_type })]
        : ['account', await ownersOf(asking, token)];
    const lines = values.json ? rows.map((row) => JSON.stringify(row)) : tableOf(name, rows);
    for (const line of lines) terminal.print(line);
    return 0;
  },
});

function tableOf(name: string, rows: readonly Row[]): string[] {
  if (rows.length === 0) return ['nothing is bound'];
  const cells = rows.map(({ app, platform = '-', bound_at, expires_at = '-', ...row }) => [
    ...[app, platform, `${row[name]}`, ...(name === 'account' ? [`${row['account_type']}`] : [])],
    ...[bound_at, expires_at],
  ]);
  const named = name === 'account' ? ['account', 'type'] : ['token'];
  return columns([['app', 'platform', ...named, 'bound since', 'expires'], ...cells.map((row) => row.map(printable))]);
}

function secretFor(reader: string | undefined, { secret, instance }: Target): string {
  const known = instance?.readers.find(({ id }) => reader === undefined || id === reader)?.secret;
  if (secret !== undefined) return secret;
  if (known !== undefined) return known;
  throw instance === undefined ? missingSecret() : new UserError('the local instance has no such reader');
}

type Asking = { readonly url: string; readonly secret: string; readonly apps: readonly string[] | undefined };

/** Asks page by page. */
async function devicesOf(asking: Asking, name: object): Promise<Row[]> {
  const rows: Row[] = [];
  let cursor: string | undefined;
  do {
    const page = await answer(Resolved, asking, 'resolve', { accounts: [name], cursor });
    rows.push(...page.accounts.flatMap((one) => one.devices));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return rows;
}

const ownersOf = async (asking: Asking, token: string): Promise<Row[]> =>
  (await answer(Owned, asking, 'devices', { tokens: [token] })).devices.flatMap(({ accounts }) =>
    accounts.map((one) => ({ token, ...one })),
  );

async function answer<T>(schema: z.ZodType<T>, { url, secret, apps }: Asking, path: string, body: object): Promise<T> {
  const headers = { authorization: `Bearer ${secret.trim()}` };
  const answered = await post(`${url}/v1/${path}`, headers, JSON.stringify({ ...body, apps }));
  const reply = replyIn(answered);
  const read = schema.safeParse(reply);
  if (answered.status === 200 && read.success) return read.data;
  const refusal = Refusal.safeParse(reply);
  if (!refusal.success) throw new UserError(`HTTP ${answered.status}: ${printable(JSON.stringify(reply))}`);
  const { code, detail, issues = [] } = refusal.data;
  const lines = [
    `HTTP ${answered.status} ${code}: ${detail}`,
    ...issues.map(({ path, message }) => `${path} ${message}`),
  ];
  throw new UserError(...lines.map(printable));
}
