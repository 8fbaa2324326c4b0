import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { expect, test } from 'vitest';
import { doctor } from '../../../cli/doctor/doctor.ts';
import { NAMES } from '../../../local/aws/resources.ts';
import { REGION } from '../../../local/aws/servers.ts';
import { CONFIG, exampleConfiguration, sharedInstance, temporaryFolder } from '../../local/instance.ts';
import { run } from '../run.ts';

const shared = sharedInstance();

test('an instance that runs the file is well; a parked message and another file are findings', async () => {
  const { folder, instance } = shared();
  const well = await run(doctor, ['--config', CONFIG], { folder });
  expect(well).toMatchObject({ code: 0, out: expect.stringContaining('0 warnings, 0 errors') });
  const client = new SQSClient({ endpoint: instance.sqs, region: REGION, credentials });
  const QueueUrl = `${instance.sqs}/000000000000/${NAMES.parked}`;
  await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'unreadable' }));
  const { apps, ...rest } = exampleConfiguration();
  const other = join(folder, 'other.json');
  writeFileSync(other, JSON.stringify({ ...rest, apps: apps.map((app) => ({ ...app, policy: 'one-per-type' })) }));
  const { code, out } = await run(doctor, ['--config', other], { folder });
  expect(code).toBe(1);
  expect(out).toContain('messages parked: 1');
  expect(out).toContain('another bindery.json: apps.xg-android.policy, apps.xg-ios.policy');
});

const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };

test('a directory without an instance is an error that names both ways', async () => {
  const { code, err } = await run(doctor, ['--config', CONFIG], { folder: temporaryFolder() });
  expect(code).toBe(1);
  expect(err).toContain('start one with `npx bindery start`, or give --stage');
});
