import type { Effort } from './measure.ts';
import type { Row } from './report.ts';
import type { Stub } from './stub/stub.ts';

/** The means of a measurement. The AWS clients of this process call the services of `stub`. */
export type Bench = { readonly stub: Stub; readonly effort: Effort };

/** Measures rows that belong together. `notes` are lines below the table, such as why a row is missing. */
export type Group = (bench: Bench) => Promise<{ readonly rows: readonly Row[]; readonly notes?: readonly string[] }>;
