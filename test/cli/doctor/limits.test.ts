import { expect, test } from 'vitest';
import { doorOf, functionsOf } from '../../../cli/doctor/drift.ts';
import { judgeExecutions } from '../../../cli/doctor/limits.ts';
import { outputsOf } from '../../../infra/outputs.ts';
import { BOOTSTRAP_VERSION } from '../../../infra/settings.ts';
import { Stage } from '../../../infra/stages.ts';
import { COMPLETE, CONFIGURATION, synthesized } from '../../infra/synthesis.ts';

test('executions that a reservation would take below the hundred of AWS stop a first deployment', () => {
  const options = Stage.parse({ doorConcurrency: 100 });
  const executions = { all: 250, unreserved: 250 };
  expect(judgeExecutions(executions, CONFIGURATION, options, false).level).toBe('error');
  expect(judgeExecutions(executions, CONFIGURATION, options, true).level).toBe('ok');
});

test.each([
  ['a plain stack', CONFIGURATION, {}],
  ['a stack with everything', COMPLETE, { encryption: 'kms' }],
  ['a stack with function URLs', COMPLETE, { front: 'function-url' }],
  ['a stack without history', { ...CONFIGURATION, history: { days: 0 } }, {}],
] as const)('the expected outputs and functions are those of the template: %s', (_, configuration, options) => {
  const { template } = synthesized({ configuration, ...options });
  expect(outputsOf(configuration, Stage.parse(options)).toSorted()).toEqual(
    Object.keys(template.findOutputs('*')).toSorted(),
  );
  const doors = Object.keys(template.findResources('AWS::Lambda::Function')).map(doorOf);
  expect(doors.toSorted()).toEqual(functionsOf(configuration).toSorted());
});

test('the version of the bootstrap stack is the one that the CDK asks for', () => {
  const refused: unknown[] = [...JSON.stringify(synthesized().template.toJSON()['Rules']).matchAll(/"(\d+)"/g)];
  expect(refused.length + 1).toBe(BOOTSTRAP_VERSION);
});
