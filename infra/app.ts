import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { readConfiguration } from './configuration.ts';
import { readOptions } from './options.ts';
import { BinderyStack } from './stack.ts';

// `cdk synth -c stage=prod -c config=FILE`
const app = new App();
Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
const optional = readOptions(app);
const read = readConfiguration(`${app.node.tryGetContext('config') ?? 'bindery.json'}`);

if ('options' in optional && 'configuration' in read) {
  const { options } = optional;
  new BinderyStack(app, `Bindery-${options.stage}`, { ...options, configuration: read.configuration });
} else {
  const problems = [optional, read].flatMap((result) => ('problems' in result ? result.problems : []));
  process.stderr.write(problems.map((problem) => `${problem}\n`).join(''));
  process.exitCode = 1;
}
