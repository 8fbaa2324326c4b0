import { type MirrorState, type MirrorStore, type StoredState, UNKNOWN } from '../../functions/mirror/state.ts';

/** Mirror states in memory, for tests and benchmarks, by `<app>#<token>`. */
export function memoryMirrorStore(states = new Map<string, StoredState>()): MirrorStore {
  const nothing: StoredState = { state: UNKNOWN, version: 0 };
  return {
    states: async (app, tokens) => tokens.map((token) => states.get(`${app}#${token}`) ?? nothing),
    writeState: async (app, token, state: MirrorState, version) => {
      if ((states.get(`${app}#${token}`) ?? nothing).version !== version) return false;
      states.set(`${app}#${token}`, { state, version: version + 1 });
      return true;
    },
  };
}
