import { type Deployment, deploy } from '../deployment.ts';
import type { Ledger } from '../ledger.ts';
import type { Surroundings } from '../network.ts';
import { hostedApi } from './hosted-api.ts';
import { type HostedNetwork, hostedNetwork, trouble } from './hosted-network.ts';
import { confirmations, type Watch } from './oracles.ts';
import { type MirrorQueues, mirrorQueues } from './queues.ts';
import { CHAT, type MirrorScene } from './scene.ts';
import { marksOf, mirrorWorkers } from './site.ts';
import { mirrorStates } from './store.ts';

/** The stage of a mirrored case. */
export type Stage = Watch & {
  readonly deployment: Deployment;
  readonly queues: MirrorQueues;
  readonly network: HostedNetwork;
};

type Options = Pick<Watch, 'onFinding'> & { readonly book: Ledger; readonly calmMs: number };

export function setUp(surroundings: Surroundings, scene: MirrorScene, { book, onFinding, calmMs }: Options): Stage {
  const { timeline, faults } = surroundings;
  const looks: (() => void)[] = [];
  const look = () => {
    for (const one of looks) one();
  };
  const side = hostedApi(timeline);
  const queues = mirrorQueues(surroundings, { look, onFinding, history: side.history });
  const deployment = deploy(surroundings, {
    configuration: scene.configuration,
    mirrors: (process) => marksOf(queues, process),
    ledger: book,
    onFinding,
  });
  const { isDown } = trouble(surroundings, side, { tokens: scene.tokens, calmMs });
  const onOverlap = (said: string) => {
    // If a message is delivered twice at a time, its push may be made twice too.
    if (!faults.counts.has('queue delivers twice')) onFinding('O9 one push of a token at a time', said);
  };
  const network = hostedNetwork(surroundings, side, { isDown, onOverlap });
  const states = mirrorStates(surroundings);
  const { truth } = deployment;
  const watch: Watch = { scene, timeline, truth, side, stateOf: (token) => states.stateOf(CHAT, token), onFinding };
  looks.push(mirrorWorkers({ ...surroundings, scene, deployment, queues, states, network, ...confirmations(watch) }));
  return { ...watch, deployment, queues, network };
}
