import type { Terminal } from '../command.ts';
import type { Subject } from './find.ts';
import { namedSince } from './now.ts';
import { readReceipt, SWEPT_MS, signOutsIn } from './receipt.ts';
import { notInEffect, signedOutMs } from './sign-out.ts';
import type { World } from './world.ts';

/** Checks a receipt against what is stored now. Returns 1 if the person is named by anything but a later sign-in. */
export async function checkReceipt(
  world: World,
  subject: Subject,
  { file, isJson }: { readonly file: string; readonly isJson: boolean },
  terminal: Terminal,
): Promise<number> {
  const receipt = readReceipt(file);
  const signOuts = signOutsIn(receipt, subject.ids);
  // Old ones are swept: events from before them are refused for their age.
  const young = signOuts.filter((one) => signedOutMs(one) > world.now() - SWEPT_MS);
  const missing = await notInEffect(world.registry, young);
  const { found, entries } = await world.find();
  const again = namedSince(found, signOuts);
  const named = found.documents.length - again;
  const lines = [
    `the receipt of ${receipt.endedAt} is of this account: ${signOuts.length} sign-outs`,
    missing.length === 0 ? 'all of them are in effect' : `${missing.length} of them are not in effect: erase again`,
    `named by ${named} devices, ${found.states.length} mirror states, ${entries.length} history entries`,
    ...(again > 0 ? [`and by ${again} devices by events since`] : []),
  ];
  const isErased = missing.length + named + found.states.length + entries.length === 0;
  for (const line of isJson ? [JSON.stringify({ isErased, lines })] : lines) terminal.print(line);
  return isErased ? 0 : 1;
}
