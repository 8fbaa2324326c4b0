import { areKnown } from '../../cli/import/known.ts';
import { IMPORT_AGE_MS, OLDEST_MS, operationOf } from '../../cli/import/operation.ts';
import { HORIZON_MS, LATENESS_MS } from '../../functions/core/merge.ts';
import { type BindOperation, binds } from '../../functions/core/operation.ts';
import { orUnavailable } from '../../functions/core/outcome.ts';
import { msOf } from '../../functions/core/stamp.ts';
import { ACCOUNTS, APP, BEGINNING_MS, TOKENS, textOf } from './cast.ts';
import { hostileStore } from './hostile-store.ts';
import { eventually } from './lately.ts';
import { born } from './network.ts';
import { type Deed, deedOf } from './promises.ts';
import { present, type Random } from './random.ts';
import { effectOn, ends } from './serial.ts';
import { deliver, type Schedule } from './storage.ts';

/** Binds that an import sent, when it began (ms since 1970), and all that was in effect before it read the registry. */
type Imported = {
  readonly sent: readonly BindOperation[];
  readonly begunMs: number;
  readonly before: readonly Deed[];
};

type Some = (run: () => Promise<void>) => void;

/**
 * In a part of the seeds, so that the others keep their histories: begins one or two imports, at times that `some`
 * chooses. Returns a function that judges them when all has come to rest.
 */
export function importing(seed: number, schedule: Schedule, deeds: Deed[], some: Some): () => void {
  const imports: Imported[] = [];
  for (let i = seed % 14 === 0 ? 1 + schedule.random.below(2) : 0; i > 0; i--)
    some(async () => void imports.push(await importer(schedule, deeds)));
  return () => judgeImports(schedule, imports);
}

/** An operator's tool that imports a list, and reads again if it dies. Adds what it sends to `deeds`. */
async function importer(schedule: Schedule, deeds: Deed[]): Promise<Imported> {
  const { timeline, random } = schedule;
  const begunMs = BEGINNING_MS + Math.floor(timeline.now());
  const list = drawList(random, begunMs);
  for (;;) {
    const before = deeds.filter(({ ackedAt }) => ackedAt <= timeline.now());
    const process = born();
    const store = hostileStore(eventually(schedule.truth.store, schedule.past, schedule), schedule, process);
    const known = await Promise.race([orUnavailable(() => areKnown(store, list)), process.death]);
    if (Array.isArray(known)) {
      const sent = list.filter((_, i) => !known[i]);
      const own = sent.map(deedOf);
      deeds.push(...own);
      await Promise.all(own.map((deed) => deliver(schedule, [deed])));
      return { sent, begunMs, before };
    }
    await timeline.sleep(random.logUniform(1, 500));
  }
}

/** Without sessions: the registry forgets one that ended 49 days ago, and a list may still name it. */
function drawList(random: Random, begunMs: number): BindOperation[] {
  const app = { id: APP, platform: 'android', policy: random.pick(['many', 'one-per-type'] as const) } as const;
  return Array.from({ length: 1 + random.below(5) }, (_, line) => {
    const boundMs = random.chance(0.5) ? begunMs - random.below(OLDEST_MS) : undefined;
    const on = { token: random.pick(TOKENS), account: random.pick(ACCOUNTS) };
    return operationOf({ app, ...on, boundMs, session: undefined }, line, begunMs);
  });
}

/**
 * An imported bind is shown at no time after a live event was in effect that removes it: of any age if it was in effect
 * before the import read the registry, and of the last 31 days in any case. A registry forgets removals after 49 days.
 */
function judgeImports({ truth, deeds, onFinding }: Schedule, imports: readonly Imported[]): void {
  const own = new Set(imports.flatMap(({ sent }) => sent.map(({ stamp }) => stamp)));
  const live = deeds.filter(({ operation }) => !own.has(operation.stamp));
  const isKept = ({ operation }: Deed) =>
    binds(operation) || msOf(operation.stamp) > BEGINNING_MS - HORIZON_MS - LATENESS_MS;
  for (const { sent, begunMs, before } of imports)
    for (const bind of sent) {
      const about = { app: bind.app, token: bind.token, account: present(bind.accounts[0]) };
      const removals = live.filter(
        (deed) =>
          (effectOn(deed.operation, about) === 'removes' || ends(deed.operation, { ...about, by: bind })) &&
          ((before.includes(deed) && isKept(deed)) || msOf(deed.operation.stamp) >= begunMs - IMPORT_AGE_MS),
      );
      const spans = truth.spansOf(about, about.account).filter(({ edge }) => edge.startsWith(bind.stamp));
      const removal = removals.find(({ ackedAt }) => spans.some(({ to }) => to > ackedAt));
      if (removal) onFinding('no imported bind is shown after a live removal', textOf(bind), textOf(removal.operation));
    }
}
