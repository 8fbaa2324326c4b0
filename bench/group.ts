import type { Effort } from './measure.ts';
import type { Row } from './report.ts';
import type { Stub } from './stub/stub.ts';

/** What a group of rows is measured with. The services of `stub` are those the AWS clients of this process reach. */
export type Bench = { readonly stub: Stub; readonly effort: Effort };

/** Rows that are measured together. `notes` says what could not be measured here. */
export type Group = (bench: Bench) => Promise<{ readonly rows: readonly Row[]; readonly notes?: readonly string[] }>;
