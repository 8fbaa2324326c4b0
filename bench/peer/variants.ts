/**
 * Three versions of the same stack. `default` follows its documentation, `tuned` is the result of measuring, and `smart`
 * also has another design: one job a request and twenty tokens a call.
 */
export const VARIANTS = {
  default: { verify: 'library', http: 'fetch', concurrency: 50, jobs: 'one an event', tokensACall: 1 },
  tuned: { verify: 'node:crypto', http: 'undici', concurrency: 200, jobs: 'one an event, in bulk', tokensACall: 1 },
  smart: { verify: 'node:crypto', http: 'undici', concurrency: 200, jobs: 'one a request', tokensACall: 20 },
} as const;

export type VariantName = keyof typeof VARIANTS;
export type Variant = (typeof VARIANTS)[VariantName];

export const isVariant = (name: string | undefined): name is VariantName =>
  name !== undefined && Object.hasOwn(VARIANTS, name);
