import { dynamodbRegistryStore } from '../../functions/aws/registry-store.ts';
import { applyAll } from '../../functions/core/apply.ts';
import { AppId } from '../../functions/core/configuration.ts';
import { Operation } from '../../functions/core/operation.ts';
import { eventHash, stampOf } from '../../functions/core/stamp.ts';
import type { Deployment } from './deployment.ts';

export type Step = () => Promise<unknown>;

/** The steps in which a deployed function does everything that it can do. Each step expects success. */
export type Scenario = (deployment: Deployment) => readonly Step[];

export const APP = 'shop-android';
export const OTHER_APP = 'shop-ios';
/** Marks accounts, tokens and sessions, so that a test can find them in a log. */
export const CANARY = 'canary';
export const token = `${CANARY}-token-1`;
export const other = `${CANARY}-token-2`;
export const account = `${CANARY}-alice`;
export const second = `${CANARY}-bob`;
export const DAY_MS = 86_400_000;

export const APPS = [APP, OTHER_APP].map((id) => AppId.parse(id));
export const bind = { kind: 'bind' as const, token, accounts: [{ type: 0, id: account }] };

let made = 0;

/** Returns an operation of its own event, which happened that many days ago. */
export const operation = <O extends { kind: Operation['kind'] }>(of: O, daysAgo = 0): Operation =>
  Operation.parse({
    app: APP,
    stamp: stampOf(of.kind, Date.now() - daysAgo * DAY_MS, eventHash(`${made++}`)),
    ...of,
  });

/** Applies operations without the deployed functions. */
export async function apply({ table }: Deployment, ...operations: Operation[]): Promise<void> {
  await applyAll({ store: dynamodbRegistryStore(table), now: Date.now, pause: async () => {} }, operations);
}
