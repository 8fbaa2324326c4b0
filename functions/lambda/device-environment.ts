import * as z from 'zod/mini';
import { App, Source } from '../core/configuration.ts';
import { Identity, Reader } from '../core/identity.ts';
import { HistoryVariable, json, onRegistry, SecretNames } from './environment.ts';

// A file of its own: the other functions would load the schemas of identities and readers, and never use them.

const Text = z.string().check(z.minLength(1));

/**
 * The environment of the function `devices`. `DEVICE_SECRET`: the name or ARN of the secret with the key of fences and
 * receipts. Of the sources it uses those with `tickets`.
 */
export const DevicesEnvironment = z.object({
  ...onRegistry,
  BINDERY_CONFIG: json(z.object({ apps: z.array(App), identities: z.array(Identity), sources: z.array(Source) })),
  SOURCE_SECRETS: SecretNames,
  DEVICE_SECRET: Text,
});

/** The environment of the function `resolve`. `DEVICE_SECRET`: the name or ARN of the secret with the key of fences. */
export const ResolveEnvironment = z.object({
  REGISTRY_TABLE: Text,
  BINDERY_CONFIG: json(z.object({ apps: z.array(App), readers: z.array(Reader).check(z.minLength(1)) })),
  READER_SECRETS: SecretNames,
  DEVICE_SECRET: Text,
  HISTORY: HistoryVariable,
});
