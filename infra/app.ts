import { App } from 'aws-cdk-lib';
import * as z from 'zod';
import { readConfiguration } from './configuration-file.ts';
import { BinderyStack } from './stack.ts';

/** Part of the stack's name. */
const Stage = z
  .string('is a text')
  .regex(/^[a-z][a-z0-9-]{0,19}$/, 'is 1 to 20 lower-case letters, digits or "-", a letter first')
  .default('dev');

// `cdk synth -c stage=prod -c config=FILE`
const app = new App();
const stage = Stage.safeParse(app.node.tryGetContext('stage'));
const read = readConfiguration(`${app.node.tryGetContext('config') ?? 'bindery.json'}`);

if (stage.success && 'configuration' in read) {
  new BinderyStack(app, `Bindery-${stage.data}`, { configuration: read.configuration, stage: stage.data });
} else {
  const problems = 'problems' in read ? read.problems : [];
  for (const issue of stage.error?.issues ?? []) problems.unshift(`-c stage: ${issue.message}`);
  process.stderr.write(problems.map((problem) => `${problem}\n`).join(''));
  process.exitCode = 1;
}
