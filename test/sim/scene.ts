import { createSecretKey } from 'node:crypto';
import { Account, Token } from '../../functions/core/account.ts';
import { Configuration } from '../../functions/core/bindery-json.ts';
import type { App } from '../../functions/core/configuration.ts';

/** In every name of a person, a phone or a session, so that a log that shows one is found out. */
export const CANARY = 'canary';

/** The apps, phones and people of an end-to-end case. */
export type Scene = {
  readonly apps: readonly App[];
  readonly tokens: readonly Token[];
  readonly accounts: readonly Account[];
  /** Some logins end by themselves. A hosted API learns that from the daily sweep. */
  readonly hasLeases?: boolean;
};

export const CONFIGURATION = Configuration.parse({
  apps: [
    { id: 'shop', dialect: 'xg', policy: 'many', platform: 'android' },
    { id: 'chat', dialect: 'tpns', policy: 'one-per-type', platform: 'ios' },
  ],
  sources: [{ id: 'backend', kind: 'standard-webhooks', apps: ['shop', 'chat'] }],
});

export const SCENE: Scene = {
  apps: CONFIGURATION.apps,
  hasLeases: true,
  tokens: ['phone', 'w#tch', '\u{1f4f1}'].map((name) => Token.parse(`${CANARY} ${name}`)),
  accounts: [
    { type: 0, id: `${CANARY} alice` },
    { type: 0, id: `${CANARY}#bob` },
    { type: 1, id: `${CANARY} \u30a2\u30ab` },
  ].map((account) => Account.parse(account)),
};

/** With those of mirrored cases: three types of accounts that the hosted API numbers differently. Two people share one. */
export const PEOPLE = [...SCENE.accounts, Account.parse({ type: 2, id: `${CANARY} dave` })];

export const SOURCE_KEY = createSecretKey(Buffer.from('the secret of the source, 32 by', 'utf8'));
export const READER_SECRET = 'the-secret-of-the-sender';
export const APP_SECRET = 'the secret of both apps';
