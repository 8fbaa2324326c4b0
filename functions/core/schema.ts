import * as z from 'zod/mini';
import en from 'zod/v4/locales/en.js';

// What a schema says where it has no words of its own reaches clients and operators. zod/mini says "Invalid input" of
// everything until it has a language, and importing its `locales` would bring all of them.
z.config(en());

/** Compiling takes as long as it saves in about so many uses: tens of milliseconds against a microsecond or two a use. */
const PAYS_AFTER = 10_000;

/**
 * The schema, and once it was used often enough the same schema compiled, which answers the same and takes a quarter of
 * the time. A process that ends before, as most of a function's do, never pays for the compiler. `uses`: how many values
 * are about to be read, 1 unless given.
 */
export function compiledInTime<S extends z.ZodMiniType>(schema: S): (uses?: number) => S {
  let used = 0;
  let best = schema;
  return (uses = 1) => {
    if (best === schema && used > PAYS_AFTER) best = z.compile(schema, { strict: true });
    used += uses;
    return best;
  };
}
