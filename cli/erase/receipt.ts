import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { type Account, AccountType } from '../../functions/core/account.ts';
import { AppId } from '../../functions/core/configuration.ts';
import { HORIZON_MS, LATENESS_MS } from '../../functions/core/merge.ts';
import { digestOf, Stamp } from '../../functions/core/stamp.ts';
import { reasonOf, UserError } from '../../local/user-error.ts';
import type { SignOut } from './sign-out.ts';

/** The proof of an erase, without names: it has salted digests of the spellings. */
const Receipt = z.object({
  receipt: z.literal('bindery erase 1'),
  place: z.string(),
  beganAt: z.iso.datetime(),
  endedAt: z.iso.datetime(),
  salt: z.string().min(16),
  /** In the order of `--account` and `--also`. */
  names: z.array(z.string()).min(1),
  signOuts: z.array(z.object({ app: AppId, type: AccountType, name: z.int(), stamp: Stamp })),
  forgotten: z.object({ devices: z.int(), mirrorStates: z.int(), historyEntries: z.int() }),
  left: z.array(z.string()),
});
export type Receipt = z.infer<typeof Receipt>;

const nameDigest = (salt: string, name: string): string => digestOf('erased', salt, name);

export function receiptOf(
  ids: readonly string[],
  signOuts: readonly SignOut[],
  rest: Omit<Receipt, 'receipt' | 'salt' | 'names' | 'signOuts'>,
): Receipt {
  const salt = randomBytes(16).toString('hex');
  const elements = signOuts.map(({ ref: { app, account }, stamp }) => {
    return { app, type: account.type, name: ids.indexOf(account.id), stamp };
  });
  const names = ids.map((id) => nameDigest(salt, id));
  return { receipt: 'bindery erase 1', ...rest, salt, names, signOuts: elements };
}

export function readReceipt(file: string): Receipt {
  try {
    return Receipt.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    if (error instanceof z.ZodError || error instanceof SyntaxError) throw new UserError(`${file} is no receipt`);
    throw new UserError(`${file} cannot be read: ${reasonOf(error)}`);
  }
}

/** The sign-outs of a receipt for these spellings. Throws a `UserError` if the receipt is not of one of them. */
export function signOutsIn({ salt, names, signOuts }: Receipt, ids: readonly string[]): SignOut[] {
  for (const [i, id] of ids.entries())
    if (!names.includes(nameDigest(salt, id)))
      throw new UserError(`the receipt is not of ${i === 0 ? 'this account' : `the spelling ${i} of --also`}`);
  return signOuts.flatMap(({ app, type, name, stamp }): SignOut[] => {
    const id = ids.find((one) => nameDigest(salt, one) === names[name]);
    // The digest proves that this is the name that was erased.
    return id === undefined ? [] : [{ ref: { app, account: { type, id } as Account }, stamp }];
  });
}

/** After this age (ms) the sweep may have deleted a sign-out: no event from before it can come any more. */
export const SWEPT_MS = HORIZON_MS + LATENESS_MS;
