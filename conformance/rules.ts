import type { Rule } from './rule.ts';
import { AUTHENTICATION } from './rules/authentication.ts';
import { ERRORS } from './rules/errors.ts';
import { HTTP } from './rules/http.ts';
import { IDENTITY } from './rules/identity.ts';
import { LIMITS } from './rules/limits.ts';
import { OPERATIONS } from './rules/operations.ts';
import { POLICIES } from './rules/policies.ts';
import { QUERIES } from './rules/queries.ts';
import { REPETITION } from './rules/repetition.ts';
import { REPLIES } from './rules/replies.ts';
import { REQUESTS } from './rules/requests.ts';
import { SAMPLES } from './rules/samples.ts';

/** The contract of an Account API, rule by rule. */
export const RULES: readonly Rule[] = [
  ...OPERATIONS,
  ...POLICIES,
  ...REPETITION,
  ...IDENTITY,
  ...QUERIES,
  ...REPLIES,
  ...SAMPLES,
  ...LIMITS,
  ...ERRORS,
  ...REQUESTS,
  ...AUTHENTICATION,
  ...HTTP,
];
