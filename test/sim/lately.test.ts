import { expect, test } from 'vitest';
import { EMPTY } from '../../functions/core/document.ts';
import { readable } from '../../functions/core/outcome.ts';
import { memoryRegistryStore } from '../memory/registry-store.ts';
import { APP, TOKENS } from './cast.ts';
import { remembered } from './lately.ts';
import { present } from './random.ts';

const token = { app: APP, token: present(TOKENS[0]) };

/** A store after two writes of a document, at 10 and at 20 ms, seen at 30 ms. */
async function atThirty() {
  const documents = new Map();
  const clock = { ms: 10 };
  const past = remembered(memoryRegistryStore(documents), () => clock.ms);
  await past.store.write(token, EMPTY, 0);
  clock.ms = 20;
  await past.store.write(token, { ...EMPTY, floor: 'later' }, 1);
  clock.ms = 30;
  const asked = async (agoMs: number) => {
    const stored = readable((await past.ago(agoMs).documents([token]))[0]);
    return [stored?.version, stored?.document.floor];
  };
  return { asked, documents };
}

test('an old read shows what was there then, and nothing where nothing was', async () => {
  const { asked } = await atThirty();
  expect(await asked(5)).toEqual([2, 'later']);
  expect(await asked(15)).toEqual([1, '']);
  expect(await asked(25)).toEqual([undefined, undefined]);
});

test('an item that was not written since is as it is now: it may have expired', async () => {
  const { asked, documents } = await atThirty();
  documents.clear();
  expect(await asked(5)).toEqual([undefined, undefined]);
});
