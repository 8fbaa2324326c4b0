import { marshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod/mini';
import { Token } from '../core/account.ts';
import { AppId } from '../core/configuration.ts';
import { Installation } from '../core/operation.ts';
import { readable } from '../core/outcome.ts';
import { Stamp } from '../core/stamp.ts';
import type { InstallationRef, StampedLogin } from '../core/store.ts';
import { type Condition, type Item, type Key, orUnreadable, parted } from './dynamodb.ts';

/** The newest login of an installation: one item. Ids of apps have no `#`, so each key can be read in one way only. */
export const LoginItem = z.object({ token: Token, stamp: Stamp });

export const installationKey = ({ app, installation }: InstallationRef): Key => ({
  pk: `I#${app}#${installation}`,
  sk: 'N',
});

/** Returns the installation of a partition. Throws a `$ZodError` if it is no installation's partition. */
export function installationRefOf(pk: string): InstallationRef {
  const [app, digest] = parted(pk);
  return { app: AppId.parse(app), installation: Installation.parse(digest) };
}

/** Returns the login in an item; undefined if there is no item. Throws `Unavailable` if it cannot be read. */
export const loginIn = (item: Item | undefined): StampedLogin | undefined =>
  item && readable(orUnreadable(() => LoginItem.parse(item)));

/** Writes or deletes only the login that was read; undefined means that there is none. */
export const ifLogin = (known: StampedLogin | undefined): Condition =>
  known === undefined
    ? { ConditionExpression: 'attribute_not_exists(pk)' }
    : {
        ConditionExpression: '#stamp = :known',
        ExpressionAttributeNames: { '#stamp': 'stamp' },
        ExpressionAttributeValues: marshall({ ':known': known.stamp }),
      };
