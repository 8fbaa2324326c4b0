import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { FilesOfRequests } from './files-of-a-request.ts';

test('one request executes few files: login 26, delivery 21, query 21; the path of a login has at most 12', async () => {
  const script = new URL('./files-of-a-request.ts', import.meta.url).pathname;
  const { stdout } = await promisify(execFile)(process.execPath, [script], { timeout: 60_000 });
  // The script prints this type.
  const { login, delivery, query, story } = JSON.parse(stdout) as FilesOfRequests;
  expect(login.length, login.join(' ')).toBeLessThanOrEqual(26);
  // Four of them are the ledger: its entries, their items and keys, and the statements that insert those.
  expect(delivery.length, delivery.join(' ')).toBeLessThanOrEqual(21);
  // With core/stamp.ts: the key of an account is a digest.
  expect(query.length, query.join(' ')).toBeLessThanOrEqual(21);
  expect(story.length, story.join(' ')).toBeLessThanOrEqual(12);
  expect([story.at(0), story.at(1)]).toEqual(['lambda/http.ts', 'events/handler.ts']);
});
