import * as z from 'zod';
import { Token } from '../functions/core/account.ts';
import { PROBLEMS, SignOutBody } from '../functions/devices/handler.ts';
import { SignInBody } from '../functions/devices/sign-in.ts';
import type { Problem } from '../functions/lambda/problem.ts';
import { problemsOf } from './problems.ts';
import { json, ref, ruleOf, type Schema, schemaOf } from './schemas.ts';

const WORDS = {
  token: `${ruleOf(Token, '')}, in UTF-8.`,
  installation_id: 'The id of this installation of the app: it has one token, so its older one is unbound.',
  expires_at: 'The end of the binding: from then on it is not shown.',
  mode: 'append: other accounts stay signed in. Default: override, they are signed out.',
  receipt: 'Ends this sign-in, without a bearer. Opaque: keep it, and send it to sign-out.',
  fence: 'Keep it: a message with another fence is for another sign-in, and must not be shown.',
  outcome: 'applied: visible to the next question. durable: on the queue, applied later.',
};

const SignInAnswer = z.object({ receipt: z.string(), fence: z.string(), expires_at: z.iso.datetime().optional() });
const SignOutAnswer = z.object({ outcome: z.enum(['applied', 'durable']) });

export const DEVICES_SCHEMAS: Schema = {
  SignIn: schemaOf(SignInBody, WORDS),
  SignInAnswer: schemaOf(SignInAnswer, WORDS),
  SignOut: schemaOf(SignOutBody, WORDS),
  SignOutAnswer: schemaOf(SignOutAnswer, WORDS),
};

/** Problems whose text depends on the request, each with a text that it can have. */
const FOUND: Readonly<Record<string, Partial<Problem>>> = {
  invalid_token: { detail: 'identity "main": the bearer has expired ("exp")' },
  invalid_request: { issues: [{ path: 'token', message: 'is missing' }] },
};

const withText = ({ code, ...problem }: (typeof PROBLEMS)[keyof typeof PROBLEMS]): Problem => ({
  detail: '',
  ...problem,
  code,
  ...FOUND[code],
});

const problems = (...others: (keyof typeof PROBLEMS)[]): Schema =>
  problemsOf(
    Object.values(PROBLEMS)
      .map(withText)
      .filter(({ code }) => !others.some((other) => PROBLEMS[other].code === code)),
  );

const parameters = [
  { name: 'app', in: 'path', required: true, description: 'The id of the app.', schema: { type: 'string' } },
];
const tags = ['Phones'];

const RECEIPT = 'eyJhcHAiOiJzaG9wLWFuZHJvaWQifQ.W9Z8BvCWERtW9Z8BvCWERtW9Z8BvCWERtW9Z8BvCWER';
const signedIn = json(ref('schemas', 'SignInAnswer'), { signedIn: { receipt: RECEIPT, fence: 'W9Z8-BvCWERt' } });
const signedOut = (outcome: string) => json(ref('schemas', 'SignOutAnswer'), { [outcome]: { outcome } });

const signIn: Schema = {
  operationId: 'signIn',
  summary: 'Bind the push token of a phone',
  description: "To the account of the bearer: a JWT of an identity provider, or a ticket of the app's back end.",
  tags,
  security: [{ bearer: [] }],
  parameters,
  requestBody: {
    required: true,
    content: json(ref('schemas', 'SignIn'), {
      plain: { token: 'phone-1' },
      installation: { token: 'phone-1', installation_id: 'i-7', expires_at: '2026-12-31T00:00:00Z' },
    }),
  },
  responses: {
    200: { description: 'The account is signed in on the token.', content: signedIn },
    202: { description: 'It will be, and the next question may not show it yet.', content: signedIn },
    ...problems('invalid_receipt'),
  },
};

const signOut: Schema = {
  operationId: 'signOut',
  summary: 'End a sign-in',
  description: 'Ends the sign-in of the receipt and those that its session repeated on the token, and no other.',
  tags,
  security: [],
  parameters,
  requestBody: { required: true, content: json(ref('schemas', 'SignOut'), { receipt: { receipt: RECEIPT } }) },
  responses: {
    200: { description: 'It has ended.', content: signedOut('applied') },
    202: { description: 'It will end, and the next question may still show it.', content: signedOut('durable') },
    ...problems('invalid_token', 'stale_token', 'too_many_devices'),
  },
};

export const DEVICES_PATHS: Schema = {
  '/devices/{app}/sign-in': { post: signIn },
  '/devices/{app}/sign-out': { post: signOut },
};

export const DEVICES_SECURITY: Schema = {
  bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'docs/phone.md#bearers.' },
};
