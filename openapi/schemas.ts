import * as z from 'zod';

/** JSON Schema, draft 2020-12, as OpenAPI 3.1 has it. */
export type Schema = { readonly [key: string]: unknown };

/** What is said of a property, by its name. */
export type Words = Readonly<Record<string, string>>;

/**
 * What a codec reads, with words for its properties. Limits in bytes have no place in JSON Schema: they are in the
 * words.
 */
export function schemaOf(codec: z.core.$ZodType, words: Words = {}): Schema {
  const { $schema: _, ...schema } = z.toJSONSchema(codec, {
    io: 'input',
    override: ({ jsonSchema }) => tidied(jsonSchema),
  });
  return explained(schema, words);
}

/** Takes off what says nothing: the limits of JavaScript's own integers. */
function tidied(schema: z.core.JSONSchema.BaseSchema): void {
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
}

/** The schema with a description on each property that has words. */
function explained(schema: Schema, words: Words): Schema {
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [
      key,
      key === 'properties' ? namedIn(value, words) : within(value, words),
    ]),
  );
}

const within = (value: unknown, words: Words): unknown => {
  if (Array.isArray(value)) return value.map((item) => within(item, words));
  return isSchema(value) ? explained(value, words) : value;
};

const namedIn = (properties: unknown, words: Words): unknown =>
  Object.fromEntries(
    Object.entries(isSchema(properties) ? properties : {}).map(([name, property]) => [
      name,
      { ...(words[name] !== undefined && { description: words[name] }), ...Object(within(property, words)) },
    ]),
  );

const isSchema = (value: unknown): value is Schema => typeof value === 'object' && value !== null;

/** A rule in the words in which a schema refuses what breaks it: for rules that JSON Schema cannot say. */
export function ruleOf(schema: z.core.$ZodType, breaking: unknown): string {
  const [issue] = z.safeParse(schema, breaking).error?.issues ?? [];
  if (issue === undefined) throw new Error('what should break a rule does not');
  return issue.message;
}

export const ref = (kind: 'schemas' | 'responses', name: string): Schema => ({ $ref: `#/components/${kind}/${name}` });

/** A JSON body with its examples. */
export const json = (schema: Schema, examples: Readonly<Record<string, unknown>>): Schema => ({
  'application/json': {
    schema,
    examples: Object.fromEntries(Object.entries(examples).map(([name, value]) => [name, { value }])),
  },
});
