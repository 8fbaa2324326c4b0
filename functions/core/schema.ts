import * as z from 'zod/mini';
import en from 'zod/v4/locales/en.js';

// Clients and operators read the default messages of schemas. Without a language zod/mini has "Invalid input" for all of
// them, and an import of its `locales` would bundle every language.
z.config(en());

/** After about so many uses compiling pays: it takes tens of milliseconds and saves a microsecond or two a use. */
const PAYS_AFTER = 10_000;

/**
 * Returns the schema and, once it was used often enough, the same schema compiled: equal results in a quarter of the time.
 * Most processes of a function end before, and never pay for the compiler. `uses`: the number of values that the caller
 * is about to read. Default: 1.
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
