import * as z from 'zod';
import { type Problem, problemReply } from '../functions/lambda/problem.ts';
import { GATEWAY } from './gateway.ts';
import { json, ref, type Schema, schemaOf } from './schemas.ts';

const Details = z.object({
  type: z.literal('about:blank'),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string(),
  issues: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  request_id: z.string(),
});

export const PROBLEM_SCHEMAS: Schema = {
  Problem: schemaOf(Details, {
    code: 'For programs.',
    detail: 'What is wrong, and what to do.',
    issues: 'The faults of the body and their places. They never quote it.',
  }),
};

/** A request that the examples answer. */
const REQUEST = { id: 'JKJaXmPLvHcESHA=', method: 'POST', path: '/', headers: {}, body: '' };

/** Returns the responses of a door with problem details, and the gateway's, by status: a status may have several codes. */
export function problemsOf(problems: readonly Problem[]): Schema {
  const byStatus = Map.groupBy(problems, ({ status }) => status);
  const responses = [...byStatus].map(([status, some]) => {
    const description = some.map(({ code, detail }) => `\`${code}\`: ${detail}.`).join(' ');
    const examples = Object.fromEntries(some.map((one) => [one.code, problemReply(REQUEST, one).body]));
    const { 'application/json': content } = json(ref('schemas', 'Problem'), examples);
    const named = Object.entries(some[0]?.headers ?? {}).map(([name, value]) => [name, { schema: { const: value } }]);
    const headers = named.length > 0 && { headers: Object.fromEntries(named) };
    return [status, { description, ...headers, content: { 'application/problem+json': content } }];
  });
  return { ...GATEWAY, ...Object.fromEntries(responses) };
}
