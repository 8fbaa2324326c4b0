import { App, CfnElement } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as z from 'zod';
import cdk from '../../cdk.json' with { type: 'json' };
import { Configuration } from '../../functions/core/configuration.ts';
import type { BinderyProps } from '../../infra/bindery.ts';
import { BinderyStack } from '../../infra/stack.ts';

export const CONFIGURATION = Configuration.parse({
  apps: [
    { id: 'shop-android', dialect: 'xg', platform: 'android' },
    { id: 'shop-ios', dialect: 'tpns', platform: 'ios' },
  ],
  sources: [{ id: 'web', kind: 'standard-webhooks', apps: ['shop-android', 'shop-ios'] }],
});

/** The same, each app with a mirror. */
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

/** As `cdk synth` has it, but without bundling the functions. */
export const app = () => new App({ context: { ...cdk.context, 'aws:cdk:bundling-stacks': [] } });

/** A stack as the app makes it, in the stage `dev` unless told otherwise. */
export const stackOf = ({ stage = 'dev', configuration = CONFIGURATION, ...props }: Partial<BinderyProps> = {}) =>
  new BinderyStack(app(), `Bindery-${stage}`, { ...props, configuration, stage });

/** The logical id of the resource that a template's value refers to. */
export const Ref = z.union([
  z.strictObject({ Ref: z.string() }).transform((ref) => ref.Ref),
  z.strictObject({ 'Fn::GetAtt': z.tuple([z.string(), z.literal('Arn')]) }).transform((get) => get['Fn::GetAtt'][0]),
]);

/** A stack, its template, and its resources by the path of their construct, which a person can read. */
export function synthesized(props?: Partial<BinderyProps>) {
  const stack = stackOf(props);
  const template = Template.fromStack(stack);
  /** Logical ids and the constructs' paths. */
  const paths = new Map(
    stack.node
      .findAll()
      .filter((node) => CfnElement.isCfnElement(node))
      .map((element) => [
        `${stack.resolve(element.logicalId)}`,
        element.node.path.replace(/^[^/]+\/(Bindery\/)?/, '').replace(/\/Resource$/, ''),
      ]),
  );
  /** The logical id of a resource. */
  const idAt = (path: string): string => `${[...paths].find(([, at]) => at === path)?.[0]}`;
  const propertiesAt = (path: string): unknown => template.toJSON()['Resources'][idAt(path)].Properties;
  /** All resources of a type, each with what is asked of its properties. */
  const ofType = <S extends z.ZodType>(type: string, schema: S) =>
    Object.entries(template.findResources(type)).map(([id, { Properties }]) => {
      return { id, path: `${paths.get(id)}`, properties: schema.parse(Properties) };
    });
  return { stack, template, paths, idAt, propertiesAt, ofType };
}

export type Synthesized = ReturnType<typeof synthesized>;
