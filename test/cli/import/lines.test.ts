import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { type Format, formatOf, mappingIn, rowsIn } from '../../../cli/import/formats.ts';
import { type Line, linesOf } from '../../../cli/import/lines.ts';
import { temporaryFolder } from '../../local/instance.ts';

const folder = temporaryFolder(afterAll);

async function linesIn(name: string, content: string | Uint8Array, map: string[] = [], format?: Format) {
  const file = join(folder, name);
  writeFileSync(file, content);
  const kind = formatOf(file, format);
  const lines: Line[] = [];
  for await (const line of linesOf(file, kind, rowsIn(kind, mappingIn(map)))) lines.push(line);
  return lines;
}

test('a CSV list is read by its header, with quotes and line feeds in fields, and each record has its line', async () => {
  const csv =
    '\uFEFFpush_token,user_id,account_type,created_at\r\nphone,"a ""b"", c",3,2026-01-01\r\n\r\ntablet,"two\nlines",,\r\n';
  expect(await linesIn('a.csv', csv, ['token=push_token,account=user_id', 'bound_at=created_at'])).toEqual([
    { line: 2, rows: [{ token: 'phone', account: 'a "b", c', account_type: '3', bound_at: '2026-01-01' }] },
    { line: 5, rows: [{ token: 'tablet', account: 'two\nlines', account_type: '', bound_at: '' }] },
  ]);
});

test('a CSV record with too many fields is a fault of its line, in the order of lines', async () => {
  const lines = await linesIn('bad.csv', 'token,account\nphone,alice,secret\ntablet,bob\nlamp\nwatch,carol\n');
  expect(lines).toEqual([
    { line: 2, fault: 'has another number of fields than the header' },
    { line: 3, rows: [{ token: 'tablet', account: 'bob' }] },
    { line: 4, fault: 'has another number of fields than the header' },
    { line: 5, rows: [{ token: 'watch', account: 'carol' }] },
  ]);
});

test.each(['"watch"x,carol', '"watch,carol'])(
  'the bad quote in %s ends the import with the number of its line',
  async (bad) => {
    const reading = linesIn('quote.csv', `token,account\ntablet,bob\n${bad}\nlamp,dave\n`);
    await expect(reading).rejects.toThrow(/^line [34] of the list: a quote is not closed/);
  },
);

test('an NDJSON list is read by paths, numbers are texts, and a line that is no JSON is a fault', async () => {
  const ndjson = gzipSync('{"token":"phone","user":{"id":17}}\n\nno JSON\n{"user.id":"bob","token":"tablet"}');
  expect(await linesIn('a.ndjson.gz', ndjson, ['account=user.id'])).toEqual([
    { line: 1, rows: [{ token: 'phone', account: '17' }] },
    { line: 3, fault: 'is not JSON' },
    { line: 4, rows: [{ token: 'tablet', account: 'bob' }] },
  ]);
});

test('a device group of FCM binds its name to each of its tokens', async () => {
  const group = { operation: 'create', notification_key_name: 'appUser-Chris', registration_ids: ['one', 'two'] };
  expect(await linesIn('groups', `${JSON.stringify(group)}\n{"registration_ids":[]}\n`, [], 'fcm-groups')).toEqual([
    { line: 1, rows: ['one', 'two'].map((token) => ({ token, account: 'appUser-Chris' })) },
    { line: 2, fault: expect.stringContaining('no device group') },
  ]);
});

test('endpoints of Amazon Pinpoint are read if they are of push, active, not opted out and of a user', async () => {
  const endpoint = (more: object) =>
    JSON.stringify({
      ApplicationId: 'a',
      ChannelType: 'GCM',
      Address: 'phone',
      EndpointStatus: 'ACTIVE',
      OptOut: 'NONE',
      EffectiveDate: '2026-01-02T03:04:05.678Z',
      User: { UserId: 'alice' },
      ...more,
    });
  const lines = [
    endpoint({}),
    endpoint({ ChannelType: 'APNS', Address: 'AB' }),
    endpoint({ EndpointStatus: 'INACTIVE' }),
    endpoint({ OptOut: 'ALL' }),
    endpoint({ ChannelType: 'EMAIL' }),
    endpoint({ User: {} }),
  ];
  const row = { platform: 'android', token: 'phone', account: 'alice', bound_at: '2026-01-02T03:04:05.678Z' };
  expect(await linesIn('pinpoint.gz', gzipSync(lines.join('\n')), [], 'pinpoint')).toEqual([
    { line: 1, rows: [row] },
    { line: 2, rows: [{ ...row, platform: 'ios', token: 'AB' }] },
    { line: 3, skipped: 'inactive' },
    { line: 4, skipped: 'opted out' },
    { line: 5, skipped: 'another channel than APNS and GCM' },
    { line: 6, skipped: 'without a user' },
  ]);
});

test('a list that is cut off, or that does not exist, is an error of the user', async () => {
  const whole = gzipSync('token,account\n'.repeat(1000));
  await expect(linesIn('cut.csv.gz', whole.subarray(0, -9))).rejects.toThrow('cut.csv.gz cannot be read: ');
  const missing = linesOf(join(folder, 'missing.csv'), 'csv', rowsIn('csv', mappingIn([])));
  await expect(missing.next()).rejects.toThrow('missing.csv cannot be read: ');
});

test('a list of JSON lines has no line that never ends, and one that is cut off is no whole list', async () => {
  const bomb = gzipSync(Buffer.alloc(3 * 1024 * 1024, 'x'));
  await expect(linesIn('bomb.ndjson.gz', bomb)).rejects.toThrow('line 1 of the list is longer than 1 MiB');
  const whole = gzipSync('{"token":"phone","account":"alice"}\n'.repeat(1000));
  await expect(linesIn('cut.ndjson.gz', whole.subarray(0, -9))).rejects.toThrow('cut.ndjson.gz cannot be read: ');
});

test('a list of JSON lines may begin with a byte order mark and end its lines as on Windows', async () => {
  const [first, , third] = await linesIn('a.ndjson', '\ufeff{"token":"phone"}\r\n\r\n{"token":"té"}\r\nno');
  expect([first, third]).toMatchObject([
    { line: 1, rows: [{ token: 'phone' }] },
    { line: 4, fault: 'is not JSON' },
  ]);
});
