import type { Api, Ask } from './api.ts';
import { accountsOf } from './bodies.ts';
import { SPELLINGS, type Spelling } from './dialects.ts';
import type { Answer } from './exchange.ts';
import { Broken, isTrue, same } from './expectation.ts';
import { codeOf } from './steps.ts';

/**
 * Expects a refusal with this code and HTTP 200: clients read a body on no other status. The documents say that a request is
 * refused, and not how: any other status and any code but 0 is a refusal too.
 */
export async function refused(api: Api, why: keyof Spelling['codes'], ask: Ask): Promise<void> {
  const answer = await api.send(ask);
  if (api.isDocumentedOnly) return isRefusal(api, ask, answer);
  same('the status', answer.status, 200);
  same('the code', codeOf(api, ask.endpoint ?? 'operate', answer), SPELLINGS[api.dialect].codes[why]);
}

/**
 * Expects a failed authentication. If the app is unknown, so is its dialect: then the code may be that of the other
 * dialect, but never 0.
 */
export async function turnedAway(api: Api, ask: Ask): Promise<void> {
  const answer = await api.send(ask);
  if (api.isDocumentedOnly) return isRefusal(api, ask, answer);
  same('the status', answer.status, 403);
  const code = codeOf(api, ask.endpoint ?? 'operate', answer);
  const codes = Object.values(SPELLINGS).map((spelling) => spelling.codes.notAuthenticated);
  isTrue(`${code} is not the code of a failed authentication`, codes.includes(code));
}

function isRefusal(api: Api, ask: Ask, answer: Answer): void {
  if (answer.status === 200) isTrue('the request is accepted', codeOf(api, ask.endpoint ?? 'operate', answer) !== 0);
}

/** Returns how the API refuses the credential; undefined if it accepts it. Without one, no other rule says anything. */
export async function refusedCredential(api: Api): Promise<string | undefined> {
  const answer = await api.send({ endpoint: 'query', body: accountsOf(api.token()) });
  if (answer.status === 401 || answer.status === 403) return `HTTP ${answer.status}`;
  try {
    const code = codeOf(api, 'query', answer);
    return code === SPELLINGS[api.dialect].codes.notAuthenticated ? `code ${code}` : undefined;
  } catch (error) {
    if (error instanceof Broken) return undefined;
    throw error;
  }
}
