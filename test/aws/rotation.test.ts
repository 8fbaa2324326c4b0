import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CONTEXT } from '../../bench/installation.ts';
import { appSecret } from '../../functions/account-api/wire/credentials.ts';
import { PATHS } from '../../functions/account-api/wire/endpoint.ts';
import { type SecretsClient, secretsReader } from '../../functions/aws/secrets.ts';
import { webhookKey } from '../../functions/events/signature.ts';
import { httpDoor } from '../../functions/lambda/http.ts';
import type { HttpHandler } from '../../functions/lambda/request.ts';
import { startSecrets, type Versions } from '../../local/aws/servers.ts';
import { world as accountApi, accountsOf, basic, signed } from '../world/account-api.ts';
import { world as events, logout, NOW } from '../world/events.ts';
import { signedHeaders } from '../world/signer.ts';
import { localClient } from './local-client.ts';

const MINUTE = 60_000;
const ARN = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:one';

/** The commands of docs/operations/rotate.md, run with a stand-in for `aws` that says with which arguments it was called. */
const page = readFileSync(join(import.meta.dirname, '../../docs/operations/rotate.md'), 'utf8');
const commandWith = (...words: string[]): string => {
  const found = page.split('\n').find((line) => words.every((word) => line.includes(word)));
  if (found === undefined) throw new Error(`no command with ${words.join(' and ')}`);
  return found;
};
const bin = mkdtempSync(join(tmpdir(), 'bindery-rotation-'));
writeFileSync(
  join(bin, 'aws'),
  `#!/bin/sh\nexec '${process.execPath}' -p 'JSON.stringify(process.argv.slice(1))' -- "$@"\n`,
  { mode: 0o700 },
);
afterAll(() => rmSync(bin, { recursive: true }));

let kept: Map<string, Versions>;
let server: Awaited<ReturnType<typeof startSecrets>>;
let client: SecretsClient;
let now: number;
beforeEach(async () => {
  // As long as what the stack generates.
  kept = new Map([[ARN, { AWSCURRENT: 'A'.repeat(44) }]]);
  server = await startSecrets(kept);
  client = localClient('secretsmanager', server.url);
  now = NOW;
});
afterEach(() => server.stop());

const OPTIONS = {
  'secret-id': { type: 'string', default: '' },
  'secret-string': { type: 'string', default: '' },
  'version-stage': { type: 'string' },
  'remove-from-version-id': { type: 'string' },
} as const;

/** Runs a documented command, does to the secret what Secrets Manager would, and answers with the value that is current. */
function run(command: string): string {
  const env = { PATH: `${bin}:${process.env['PATH']}`, SECRET_ARN: ARN };
  const args = JSON.parse(execFileSync('sh', ['-euc', command], { env, encoding: 'utf8' }));
  const { positionals, values } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  const { AWSCURRENT = '' } = kept.get(values['secret-id']) ?? {};
  switch (positionals.join(' ')) {
    case 'secretsmanager put-secret-value':
      kept.set(values['secret-id'], { AWSCURRENT: values['secret-string'], AWSPREVIOUS: AWSCURRENT });
      return values['secret-string'];
    case 'secretsmanager update-secret-version-stage':
      expect(values).toMatchObject({ 'version-stage': 'AWSPREVIOUS', 'remove-from-version-id': 'of-previous' });
      kept.set(values['secret-id'], { AWSCURRENT });
      return AWSCURRENT;
    default:
      throw new Error(`Secrets Manager does not know ${positionals}`);
  }
}

type Door = {
  readonly command: string;
  /** Sends a request with a secret, and answers with the status. */
  readonly start: () => (secret: string) => Promise<number | undefined>;
};
type Sent = { readonly path: string; readonly headers: Readonly<Record<string, string>>; readonly body: string };

const through = (handle: HttpHandler) => {
  const door = httpDoor(handle, () => {});
  return async ({ path: rawPath, headers, body }: Sent): Promise<number | undefined> => {
    const requestContext = { requestId: 'r1', http: { method: 'POST' } };
    // A door looks at nothing else of an event, and at nothing of the context.
    const sent = { rawPath, headers, body, requestContext } as unknown as APIGatewayProxyEventV2;
    return (await door(sent, CONTEXT)).statusCode;
  };
};

const live = { names: { auth: ARN, xg: ARN }, now: () => now, log: () => {} };

function startEvents() {
  const keysOf = secretsReader({ ...live, client, decode: webhookKey });
  const send = through(events({ keysOf, now: live.now }).handle);
  const body = JSON.stringify(logout());
  return (secret: string) => {
    const headers = signedHeaders(secret, { id: 'evt_1', body, ms: now });
    return send({ path: '/events/auth', headers, body });
  };
}

const startAccountApi = (credential: (secret: string, body: string) => Readonly<Record<string, string>>) => () => {
  const secretsOf = secretsReader({ ...live, client, decode: appSecret });
  const send = through(accountApi({ secretsOf, now: live.now }).handle);
  const body = JSON.stringify(accountsOf('token-1'));
  return (secret: string) => send({ path: PATHS.query, headers: credential(secret, body), body });
};

const FOR_A_SOURCE = commandWith('put-secret-value', '# a source');
const FOR_AN_APP = commandWith('put-secret-value', '# an app');
const DOORS: Readonly<Record<string, Door>> = {
  "a source's": { command: FOR_A_SOURCE, start: startEvents },
  "an app's, by Basic authentication,": {
    command: FOR_AN_APP,
    start: startAccountApi((secret) => basic('xg', secret)),
  },
  "an app's, by signature,": {
    command: FOR_AN_APP,
    start: startAccountApi((secret, body) => signed('xg', body, { secret, ms: now })),
  },
};

describe.each(Object.entries(DOORS))('%s secret, rotated by the documented command', (_, { command, start }) => {
  const first = 'A'.repeat(44);

  test('a rotated secret works everywhere after five minutes, beside the one before it', async () => {
    const send = start();
    expect(await send(first)).toBe(200);
    const second = run(command);
    now += 5 * MINUTE - 1;
    expect(await send(first)).toBe(200);
    now += 1;
    expect([await send(first), await send(second)]).toEqual([200, 200]);
    const third = run(command);
    now += 5 * MINUTE;
    expect([await send(second), await send(third)]).toEqual([200, 200]);
    expect([401, 403]).toContain(await send(first));
    expect(new Set([first, second, third]).size).toBe(3);
  });

  test('a leaked secret is refused once it was removed', async () => {
    const send = start();
    expect(await send(first)).toBe(200);
    run(command);
    const second = run(commandWith('update-secret-version-stage').replace('VERSION_ID', 'of-previous'));
    now += 5 * MINUTE;
    expect(await send(second)).toBe(200);
    expect([401, 403]).toContain(await send(first));
  });
});
