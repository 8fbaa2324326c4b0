import { Buffer } from 'node:buffer';
import { Annotations, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import * as z from 'zod';

/** Lambda's limit, which cannot be raised. It is measured on the variables as one JSON object. */
const LIMIT_BYTES = 4096;

/**
 * What the deployed value of a `Ref` may add to the logical id it contains: the rest of a secret's ARN or of a queue's
 * URL (partition, Region, account, the stack's name if that is short) and the letters that AWS appends.
 */
const AROUND_A_LOGICAL_ID_BYTES = 90;

const Ref = z.object({ Ref: z.string() });
const Join = z.object({ 'Fn::Join': z.tuple([z.literal(''), z.array(z.union([z.string(), Ref]))]) });
const Value = z.union([z.string(), Ref.transform((ref) => [ref]), Join.transform((join) => join['Fn::Join'][1])]);

/** Stops the synthesis, with what to do, when the deployment would fail on the size of a function's environment. */
export function limitEnvironment(door: Construct, environment: Readonly<Record<string, string>>): void {
  const bytes = environmentBytes(door, environment);
  if (bytes <= LIMIT_BYTES) return;
  const message = `its environment would take ${bytes} bytes, Lambda allows ${LIMIT_BYTES}: configure fewer apps and sources in one stack and deploy another stack for the rest`;
  Annotations.of(door).addError(message);
}

/** The size at deployment in bytes. An upper estimate, since ARNs and URLs are not known before. */
export function environmentBytes(scope: Construct, environment: Readonly<Record<string, unknown>>): number {
  const deployed = Object.entries(environment).map(([name, value]) => [name, likelyValue(scope, value)]);
  return Buffer.byteLength(JSON.stringify(Object.fromEntries(deployed)));
}

const likelyValue = (scope: Construct, value: unknown): string =>
  [Value.parse(Stack.of(scope).resolve(value))]
    .flat()
    .map((part) => (typeof part === 'string' ? part : part.Ref + '.'.repeat(AROUND_A_LOGICAL_ID_BYTES)))
    .join('');
