import type { Token } from '../../../functions/core/account.ts';
import type { AppId } from '../../../functions/core/configuration.ts';
import type { MirrorState, MirrorStore, StoredState } from '../../../functions/mirror/state.ts';
import { memoryMirrorStore } from '../../memory/mirror-store.ts';
import { type Process, requested, type Surroundings } from '../network.ts';
import { present } from '../random.ts';

/** Called with each state at the moment from which it is stored, and with the one it took the place of. */
export type OnState = (token: Token, state: MirrorState, before: MirrorState) => void;

/** `onUnwritten`: called for each call that fails, after which the process may have written nothing down. */
type StateObserver = { readonly onState: OnState; readonly onUnwritten: () => void };

/** The states of hosted tokens as processes reach them that may die, in a store that loses, refuses and is late. */
export function mirrorStates(surroundings: Surroundings) {
  const states = new Map<string, StoredState>();
  const inner = memoryMirrorStore(states);
  const as = (process: Process, { onState, onUnwritten }: StateObserver): MirrorStore => ({
    states: (app, tokens) => {
      const parts = tokens.map((token) => async () => present((await inner.states(app, [token]))[0]));
      const read = requested(surroundings, process, 'store', parts);
      read.catch(onUnwritten);
      return read;
    },
    writeState: async (app, token, state, version) => {
      const write = async () => {
        const before = present((await inner.states(app, [token]))[0]);
        const isWritten = await inner.writeState(app, token, state, version);
        if (isWritten) onState(token, state, before.state);
        return isWritten;
      };
      const written = requested(surroundings, process, 'store', [write]);
      written.catch(onUnwritten);
      return present((await written)[0]);
    },
  });
  return { as, stateOf: (app: AppId, token: Token) => states.get(`${app}#${token}`)?.state };
}
