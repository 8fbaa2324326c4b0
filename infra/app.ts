import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { bundleFunctions } from './bundling.ts';
import { readConfiguration } from './configuration.ts';
import { readContext } from './context.ts';
import { BUNDLES } from './function.ts';
import { BinderyStack } from './stack.ts';
import { stageIn } from './stages.ts';

// `cdk synth -c stage=prod -c config=FILE`
const app = new App();
Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));

const problems = await (async (): Promise<readonly string[]> => {
  const context = readContext(app);
  if ('problems' in context) return context.problems;
  const { stage, config } = context;
  const read = readConfiguration(config);
  if ('problems' in read) return read.problems;
  const chosen = stageIn(read.stages, stage);
  if ('problem' in chosen) return [chosen.problem];
  const configuration = { ...read.configuration, stages: read.stages };
  await bundleFunctions(BUNDLES);
  new BinderyStack(app, `Bindery-${stage}`, { configuration, stage });
  return [];
})();

if (problems.length > 0) {
  process.stderr.write(problems.map((problem) => `${problem}\n`).join(''));
  process.exitCode = 1;
}
