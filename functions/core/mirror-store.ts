import type { Token } from './account.ts';
import type { AppId } from './configuration.ts';
import type { MirrorState } from './mirror-state.ts';

/** A state as the store holds it; version 0 where it holds none. */
export type StoredState = { readonly state: MirrorState; readonly version: number };

/** Where what is known of the hosted side is kept. Every call may throw `Unavailable`. */
export interface MirrorStore {
  /** In the order asked. */
  states(app: AppId, tokens: readonly Token[]): Promise<StoredState[]>;
  /** Writes only over `version`; says whether it did. */
  writeState(app: AppId, token: Token, state: MirrorState, version: number): Promise<boolean>;
}
