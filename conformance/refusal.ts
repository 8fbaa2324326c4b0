import type { Api, Ask } from './api.ts';
import { SPELLINGS, type Spelling } from './dialects.ts';
import { isTrue, same } from './expectation.ts';
import { codeOf } from './steps.ts';

/** Expects a refusal with this code and HTTP 200: clients read a body on no other status. */
export async function refused(api: Api, why: keyof Spelling['codes'], ask: Ask): Promise<void> {
  const answer = await api.send(ask);
  same('the status', answer.status, 200);
  same('the code', codeOf(api, ask.endpoint ?? 'operate', answer), SPELLINGS[api.dialect].codes[why]);
}

/**
 * Expects a failed authentication. If the app is unknown, so is its dialect: then the code may be that of the other
 * dialect, but never 0.
 */
export async function turnedAway(api: Api, ask: Ask): Promise<void> {
  const answer = await api.send(ask);
  same('the status', answer.status, 403);
  const code = codeOf(api, ask.endpoint ?? 'operate', answer);
  const codes = Object.values(SPELLINGS).map((spelling) => spelling.codes.notAuthenticated);
  isTrue(`${code} is not the code of a failed authentication`, codes.includes(code));
}
