import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { lineConsole } from '../../cli/line-console.ts';
import { log } from '../../functions/lambda/log.ts';

test('a line of the log is JSON in the frame of Lambda, so that its filters find it on one machine too', async () => {
  const stream = new PassThrough();
  const before = globalThis.console;
  globalThis.console = lineConsole(stream);
  log('warn', 'request', { status: 400, at: 'data.token' });
  globalThis.console = before;
  lineConsole(stream).error(new TypeError('a bug'));
  stream.end();
  const [line = '', ...rest] = (await text(stream)).split('\n');
  const message = { message: 'request', status: 400, at: 'data.token' };
  expect(JSON.parse(line)).toEqual({ timestamp: expect.any(String), level: 'WARN', message });
  expect(rest[0]).toBe('TypeError: a bug');
});
