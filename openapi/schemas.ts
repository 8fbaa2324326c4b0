import * as z from 'zod';

/** JSON Schema, draft 2020-12, as OpenAPI 3.1 has it. */
export type Schema = { readonly [key: string]: unknown };

/** Descriptions of properties, by name. */
export type Words = Readonly<Record<string, string>>;

/** Returns the schema of a codec's input with descriptions. Limits in bytes are in these, as JSON Schema has none. */
export function schemaOf(codec: z.core.$ZodType, words: Words = {}): Schema {
  const { $schema: _, ...schema } = z.toJSONSchema(codec, {
    io: 'input',
    override: ({ jsonSchema }) => tidied(jsonSchema),
  });
  return explained(schema, words);
}

/** Removes the limits of JavaScript's own integers, which restrict nothing. */
function tidied(schema: z.core.JSONSchema.BaseSchema): void {
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
}

/** Returns the schema with the descriptions of its properties. */
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

/** Returns the message with which a schema refuses `breaking`: for rules that JSON Schema cannot express. */
export function ruleOf(schema: z.core.$ZodType, breaking: unknown): string {
  const [issue] = z.safeParse(schema, breaking).error?.issues ?? [];
  if (issue === undefined) throw new Error(`bug: no rule refuses ${JSON.stringify(breaking)}`);
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
