import { Unavailable } from '../core/outcome.ts';
import { AGENTS } from './client.ts';

/**
 * Settings of the SDK's clients, for calls that are rare or have no place in our own client. By default the SDK waits for
 * ever; two tries with these limits (ms) take at most 4 s. After that the caller tries again.
 */
export const SDK_CLIENT = {
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 500, requestTimeout: 1_500, throwOnRequestTimeout: true, ...AGENTS },
} as const;

/** Calls AWS through the SDK; every error becomes `Unavailable` with the error's name only: its text may quote keys. */
export async function callSdk<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw new Unavailable(error instanceof Error ? error.name : typeof error);
  }
}
