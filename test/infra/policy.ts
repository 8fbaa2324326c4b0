import { expect } from 'vitest';
import * as z from 'zod';
import { Ref, type Synthesized } from './synthesis.ts';

const Statement = z.strictObject({
  Effect: z.literal('Allow'),
  Action: z.union([z.string().transform((action) => [action]), z.array(z.string())]),
  Resource: z.unknown(),
  Condition: z.unknown().optional(),
});

/** Strict: an unknown property, a managed policy for example, fails the parse. */
export const Role = z.strictObject({
  AssumeRolePolicyDocument: z.unknown(),
  Tags: z.unknown(),
  Policies: z.tuple([z.object({ PolicyDocument: z.object({ Statement: z.array(Statement) }) })]),
});

/** Sorted actions by the path of the resource's construct. Other resources keep their JSON. */
export type Actions = Readonly<Record<string, readonly string[]>>;

/** Returns all actions that the role of a function allows. */
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
