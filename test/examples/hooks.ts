import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import * as client from '../../client/bindery.ts';
import type { Instance } from '../../local/description.ts';
import { root } from '../local/instance.ts';
import { boundTo } from '../local/phone.ts';

const page = readFileSync(join(root, 'docs/hooks.md'), 'utf8');

/** Runs the code under a heading of docs/hooks.md, with stand-ins for its imports, and returns some of its names. */
export function snippet(heading: string, names: Readonly<Record<string, unknown>>, wanted: string): unknown {
  const [, code = ''] = new RegExp(`^## ${heading}\n[^]*?\`\`\`ts\n([^]*?)\`\`\``, 'm').exec(page) ?? [];
  const plain = stripTypeScriptTypes(code.replaceAll(/^import .*$/gm, '').replaceAll(/^export /gm, ''));
  const body = `${plain.replaceAll("'shop'", "'xg-android'")}; return { ${wanted} };`;
  return new Function(...Object.keys(names), body)(...Object.values(names));
}

export type Report = (type: string, data: object) => Promise<void>;

/** The module `bindery.ts` of the page, with a network that can be off, and the attempts that it makes later. */
export function binderyModule({ url, sources }: Instance) {
  const network = { isOn: true };
  const later: { readonly run: () => Promise<void>; readonly ms: number }[] = [];
  const away = { status: 503, headers: { 'retry-after': '60' } };
  const over: typeof fetch = async (...call) => (network.isOn ? fetch(...call) : new Response('{}', away));
  const errors = vi.fn();
  const names = {
    ...client,
    Bindery: class extends client.Bindery {
      constructor(options: client.BinderyOptions) {
        super({ ...options, fetch: over });
      }
    },
    process: { env: { BINDERY_URL: url, BINDERY_SECRET: sources[0]?.secret } },
    setTimeout: (run: () => Promise<void>, ms: number) => {
      later.push({ run, ms });
      return { unref: () => {} };
    },
    console: { error: errors },
  };
  // The names of the page's module, which the type repeats.
  const module = snippet('If Bindery is away', names, 'bindery, report') as {
    readonly bindery: Pick<client.Bindery, 'deleted'>;
    readonly report: Report;
  };
  return { ...module, network, later, errors };
}

/** A back end that binds phones by the client, and a sender that asks which ones an account has. */
export function backEnd(instance: () => Instance) {
  const tokensOf = async (account: string) => (await boundTo(instance(), account)).map(({ token }) => token).sort();
  const login = async (account: string, token: string, session_id?: string) => {
    const { url, sources } = instance();
    const bindery = new client.Bindery({ url, source: 'app', secret: sources[0]?.secret });
    await bindery.login({ app: 'xg-android', token, account, session_id });
  };
  const becomes = (account: string, tokens: readonly string[]) =>
    expect.poll(() => tokensOf(account), { timeout: 10_000 }).toEqual(tokens);
  return { login, tokensOf, becomes };
}
