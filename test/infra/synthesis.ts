import { App, CfnElement } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as z from 'zod';
import cdk from '../../cdk.json' with { type: 'json' };
import { Configuration } from '../../functions/core/bindery-json.ts';
import { BinderyStack } from '../../infra/stack.ts';
import type { Stage } from '../../infra/stages.ts';
import { newPrivateJwk, withIdentity } from '../../local/identity.ts';

/** A configuration, the name of a stage, and its options. */
type Variant = { readonly configuration?: Configuration; readonly stage?: string } & Partial<z.input<typeof Stage>>;

export const CONFIGURATION = Configuration.parse({
  apps: [
    { id: 'shop-android', dialect: 'xg', platform: 'android' },
    { id: 'shop-ios', dialect: 'tpns', platform: 'ios' },
  ],
  sources: [{ id: 'web', kind: 'standard-webhooks', apps: ['shop-android', 'shop-ios'] }],
});

/** The configuration above, each app with a mirror. */
export const MIRRORED = Configuration.parse({
  ...CONFIGURATION,
  apps: [
    {
      id: 'shop-android',
      dialect: 'xg',
      platform: 'android',
      mirror: { url: 'https://xg.example', app: '1500000001', dialect: 'xg', callsPerS: 5 },
    },
    {
      id: 'shop-ios',
      dialect: 'tpns',
      policy: 'one-per-type',
      platform: 'ios',
      mirror: { url: 'https://tpns.example', app: '1500000002', dialect: 'tpns', settleS: 120 },
    },
  ],
});

/** The private key of the identity provider below. */
export const IDENTITY_KEY = newPrivateJwk();

/** The configuration above, with phones that sign in by a provider or by a ticket, and a reader. */
export const COMPLETE = withIdentity(
  Configuration.parse({
    ...MIRRORED,
    sources: [
      ...CONFIGURATION.sources.map((source) => ({ ...source, tickets: true })),
      { id: 'shop', kind: 'sqs', apps: ['shop-android', 'shop-ios'] },
      { id: 'bus', kind: 'eventbridge', apps: ['shop-android', 'shop-ios'], options: { eventSource: 'shop.auth' } },
    ],
    readers: [{ id: 'push', apps: ['shop-android', 'shop-ios'] }],
  }),
  IDENTITY_KEY,
);

/** Options that add every resource a stack can have, except function URLs. */
export const EVERYTHING = {
  configuration: COMPLETE,
  encryption: 'kms',
  alarmEmail: 'ops@shop.example',
  stage: 'prod',
} as const;

/**
 * Returns the CDK app as `cdk synth` has it, without two slow parts: copies of the bundles, and the check of templates against
 * CloudFormation's schemas (6 s in each process). One test turns the second on (test/infra/schemas.deep.test.ts).
 */
export const app = ({ checksSchemas = false } = {}) =>
  new App({
    context: { ...cdk.context, 'aws:cdk:disable-asset-staging': true },
    builtinCloudFormationValidation: checksSchemas,
  });

/** Returns a stack as the app makes it. Default: stage dev, two apps without mirrors. */
export const stackOf = ({ stage = 'dev', configuration = CONFIGURATION, ...options }: Variant = {}, scope = app()) =>
  new BinderyStack(scope, `Bindery-${stage}`, {
    configuration: { ...configuration, stages: { [stage]: options } },
    stage,
  });

/** Parses a template's value. Returns the logical id of the resource that it refers to. */
export const Ref = z.union([
  z.strictObject({ Ref: z.string() }).transform((ref) => ref.Ref),
  z.strictObject({ 'Fn::GetAtt': z.tuple([z.string(), z.literal('Arn')]) }).transform((get) => get['Fn::GetAtt'][0]),
]);

const syntheses = new Map<string, Synthesized>();

/** Returns a stack with its template. Each variant is synthesized once in a process: do not change what it returns. */
export function synthesized(props: Variant = {}): Synthesized {
  const variant = JSON.stringify(props);
  const synthesis = syntheses.get(variant) ?? synthesize(props);
  syntheses.set(variant, synthesis);
  return synthesis;
}

/** Synthesizes a stack. Its resources have the path of their construct, which a person can read. */
function synthesize(props: Variant) {
  const stack = stackOf(props);
  const template = Template.fromStack(stack);
  const paths = new Map(
    stack.node
      .findAll()
      .filter((node) => CfnElement.isCfnElement(node))
      .map((element) => [
        `${stack.resolve(element.logicalId)}`,
        element.node.path.replace(/^[^/]+\/(Bindery\/)?/, '').replace(/\/Resource$/, ''),
      ]),
  );
  const idAt = (path: string): string => `${[...paths].find(([, at]) => at === path)?.[0]}`;
  const propertiesAt = (path: string): unknown => template.toJSON()['Resources'][idAt(path)].Properties;
  /** Returns all resources of a type, with the properties that the schema names. */
  const ofType = <S extends z.ZodType>(type: string, schema: S) =>
    Object.entries(template.findResources(type)).map(([id, { Properties }]) => {
      return { id, path: `${paths.get(id)}`, properties: schema.parse(Properties) };
    });
  return { stack, template, paths, idAt, propertiesAt, ofType };
}

export type Synthesized = ReturnType<typeof synthesize>;
