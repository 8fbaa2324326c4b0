import { messageOf } from '../../local/user-error.ts';

/** The result of one judgement: what is so, why it matters, and what the operator does about it. */
export type Finding = {
  readonly level: 'ok' | 'warning' | 'error';
  readonly what: string;
  readonly why?: string;
  readonly todo?: string;
};

export const ok = (what: string): Finding => ({ level: 'ok', what });
export const warning = (what: string, why: string, todo: string): Finding => ({ level: 'warning', what, why, todo });
export const error = (what: string, why: string, todo: string): Finding => ({ level: 'error', what, why, todo });

/** A check reads facts, of AWS or of an instance, and has them judged. */
export type Check = { readonly name: string; readonly run: () => Promise<readonly Finding[]> };

export type Checked = Finding & { readonly check: string };

/** Runs checks side by side. One that fails is a finding too, so the others are still read. */
export async function runChecks(checks: readonly Check[]): Promise<Checked[]> {
  const found = await Promise.all(
    checks.map(async ({ name, run }) => {
      const findings = await run().catch((reason: unknown) => [notChecked(reason)]);
      return findings.map((finding) => ({ check: name, ...finding }));
    }),
  );
  return found.flat();
}

/** Names that AWS gives to a refusal by IAM, a key policy or an organization. */
const DENIED = /AccessDenied|NotAuthorized|Unauthorized(?:Operation|Exception)|AuthorizationError/;

/** Names of errors of the caller's own credentials: no call can succeed with them. */
const NO_CREDENTIALS = /Credentials|ExpiredToken|UnrecognizedClient|InvalidClientTokenId|TokenProvider|SSOToken/;

/** The settings of the SDK, or the way to AWS, are missing: no call can succeed. */
const NO_WAY = /Region is missing|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|TimeoutError|timed out/;

/** A refused call is no fault of the deployment: another operator may read what this one may not. */
export function notChecked(reason: unknown): Finding {
  const name = reason instanceof Error ? reason.name : '';
  const text = messageOf(reason).replaceAll(/\s+/g, ' ');
  if (DENIED.test(name))
    return warning('not checked: your credentials may not read it', text, 'allow the action, or use another --profile');
  if (NO_CREDENTIALS.test(name))
    return error('AWS does not accept your credentials', text, 'sign in again, or choose others with --profile');
  if (NO_WAY.test(`${name}: ${text}`))
    return error('AWS cannot be reached', text, 'give --region, and look at the network and AWS_ENDPOINT_URL');
  return warning('not checked: the call failed', `${name}: ${text}`, 'run it again');
}
