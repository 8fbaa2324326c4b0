import * as z from 'zod/mini';
import { App } from '../core/configuration.ts';
import { Reader } from '../core/identity.ts';
import { json, SecretNames } from './environment.ts';

// A file of its own: the other functions would load the schemas of identities and readers, and never use them.

const Text = z.string().check(z.minLength(1));

/** The environment of the function `resolve`. `DEVICE_SECRET`: the name or ARN of the secret with the key of fences. */
export const ResolveEnvironment = z.object({
  REGISTRY_TABLE: Text,
  BINDERY_CONFIG: json(z.object({ apps: z.array(App), readers: z.array(Reader).check(z.minLength(1)) })),
  READER_SECRETS: SecretNames,
  DEVICE_SECRET: Text,
});
