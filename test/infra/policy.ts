import { expect } from 'vitest';
import * as z from 'zod';
import { Ref, type Synthesized } from './synthesis.ts';

const Statement = z.strictObject({
  Effect: z.literal('Allow'),
  Action: z.union([z.string().transform((action) => [action]), z.array(z.string())]),
  Resource: z.unknown(),
  Condition: z.unknown().optional(),
});

/** Strict: a managed policy would be a surprise. */
export const Role = z.strictObject({
  AssumeRolePolicyDocument: z.unknown(),
  Tags: z.unknown(),
  Policies: z.tuple([z.object({ PolicyDocument: z.object({ Statement: z.array(Statement) }) })]),
});

/** Sorted actions by the path of the resource's construct. A resource that is not one of ours is left as it is. */
export type Actions = Readonly<Record<string, readonly string[]>>;

/** All that the role of a function may do. */
export function allowedTo(door: string, { paths, propertiesAt }: Synthesized): Actions {
  const [policy] = Role.parse(propertiesAt(`${door}-role`)).Policies;
  const entries = policy.PolicyDocument.Statement.flatMap(({ Action, Resource }) =>
    [Resource].flat().map((resource) => {
      const ref = Ref.safeParse(resource);
      return [ref.success ? `${paths.get(ref.data)}` : JSON.stringify(resource), Action.toSorted()] as const;
    }),
  );
  expect(new Set(entries.map(([resource]) => resource)).size, 'no resource stands twice').toBe(entries.length);
  return Object.fromEntries(entries);
}
