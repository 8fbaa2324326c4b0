import { CfnResource, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { expect, test } from 'vitest';
import { app, EVERYTHING, stackOf } from './synthesis.ts';

const synthesize = (stack: Stack) => () => Template.fromStack(stack);

test('every variant of the stack follows the schemas of CloudFormation', () => {
  for (const props of [{}, { front: 'function-url' as const }, EVERYTHING])
    expect(synthesize(stackOf(props, app({ checksSchemas: true })))).not.toThrow();
});

test('a resource that breaks its schema stops the synthesis', () => {
  const broken = new Stack(app({ checksSchemas: true }), 'Broken');
  new CfnResource(broken, 'Queue', { type: 'AWS::SQS::Queue', properties: { VisibilityTimeout: 'long' } });
  expect(synthesize(broken)).toThrow(/VisibilityTimeout/);
});
