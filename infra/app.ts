import { App } from 'aws-cdk-lib';
import * as z from 'zod';
import { readConfiguration } from './configuration-file.ts';
import { BinderyStack } from './stack.ts';

/** `-c stage=prod -c config=FILE`. The stage is part of the stack's name. */
const Context = z.object({
  stage: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,19}$/, 'a stage is 1 to 20 lower-case letters, digits or "-", a letter first')
    .default('dev'),
  config: z.string().min(1).default('bindery.json'),
});

const app = new App();
const context = Context.safeParse({
  stage: app.node.tryGetContext('stage'),
  config: app.node.tryGetContext('config'),
});
if (!context.success) stop(context.error.issues.map(({ path, message }) => `-c ${path.join('.')}: ${message}`));

const { stage, config } = context.data;
const read = readConfiguration(config);
if ('problems' in read) stop(read.problems);

new BinderyStack(app, `Bindery-${stage}`, { configuration: read.configuration, stage });

function stop(problems: readonly string[]): never {
  process.stderr.write(problems.map((problem) => `${problem}\n`).join(''));
  process.exit(1);
}
