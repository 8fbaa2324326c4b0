import { apiAt, type Target } from '../../conformance/api.ts';
import type { Authentication } from '../../conformance/credentials.ts';
import { type Judgement, judgements, settingOf } from '../../conformance/judgement.ts';
import type { Rule } from '../../conformance/rule.ts';
import { RULES } from '../../conformance/rules.ts';
import type { HttpHandler } from '../../functions/lambda/request.ts';
import { ownAccountApi, secretOf } from './own-account-api.ts';

type Subject = Pick<Target, 'url' | 'app' | 'secret'> & Partial<Pick<Target, 'waitMs' | 'isDocumentedOnly'>>;

/** Returns the verdict of each rule on an API. The app's name begins with its dialect. */
export async function judged(
  subject: Subject,
  authentication: Authentication,
  rules: readonly Rule[] = RULES,
): Promise<Judgement[]> {
  const dialect = subject.app.startsWith('xg') ? 'xg' : 'tpns';
  const api = apiAt({ waitMs: 0, paceMs: 0, ...subject, dialect, authentication });
  const all: Judgement[] = [];
  for await (const judgement of judgements(api, await settingOf(api), rules)) all.push(judgement);
  return all;
}

export const broken = (judgements: readonly Judgement[]): Judgement[] =>
  judgements.filter(({ verdict }) => verdict === 'does not hold');

/** Returns the names of those of the rules that this handler breaks. */
export async function brokenBy(
  handle: HttpHandler,
  app = 'xg-many',
  authentication: Authentication = 'basic',
  rules: readonly Rule[] = RULES,
): Promise<string[]> {
  const { url, close } = await ownAccountApi(handle);
  try {
    return broken(await judged({ url, app, secret: secretOf(app) }, authentication, rules)).map(
      ({ rule }) => rule.name,
    );
  } finally {
    await close();
  }
}
