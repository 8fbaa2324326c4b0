import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exporting } from '../../../cli/export/export.ts';
import { sharedInstance } from '../../local/instance.ts';
import { run } from '../run.ts';

const shared = sharedInstance();

test('`export` refuses an app that does not exist, and names those that do', async () => {
  const { code, out, err } = await run(exporting, ['--app', 'none'], shared());
  expect([code, out]).toEqual([1, '']);
  expect(err).toMatch(/there is no app "none": xg-android, .*\n$/);
});

test('`export` names a file that it cannot write, in one line', async () => {
  const file = join(shared().folder, 'none', 'x.csv');
  const { code, err } = await run(exporting, ['--file', file], shared());
  expect(code).toBe(1);
  expect(err).toContain(`${file}.part cannot be read or written: no such file or directory\n`);
});
