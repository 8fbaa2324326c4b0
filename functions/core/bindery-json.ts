import * as z from 'zod/mini';
import { App, Source } from './configuration.ts';
import { Identity, Reader } from './identity.ts';

/** Entries of the file that name apps. */
const NAMING_APPS = ['sources', 'identities', 'readers'] as const;

const repeated = <T>(items: readonly T[]): T[] => items.filter((item, index) => items.indexOf(item) !== index);

const Named = z.array(z.object({ id: z.string(), apps: z.array(z.string()) }));

/** The part of a configuration that the comparison of ids needs. */
const Ids = z.object({
  apps: z.array(z.object({ id: z.string() })),
  sources: Named,
  identities: z._default(Named, []),
  readers: z._default(Named, []),
});

/** Days for which the ledger answers; 0: there is no ledger. */
const History = z.strictObject({ days: z._default(z.int().check(z.gte(0), z.lte(3650)), 90) });

/** `bindery.json`: the only file to edit before you deploy. All its faults are reported at once. */
export const Configuration = z
  .strictObject({
    $schema: z.optional(z.string()),
    apps: z.array(App).check(z.minLength(1)),
    sources: z.array(Source).check(z.minLength(1)),
    identities: z._default(z.array(Identity), []),
    readers: z._default(z.array(Reader), []),
    history: z.prefault(History, {}),
  })
  .check(
    z.superRefine((value, context) => compareIds(Ids.parse(value), context), {
      when: ({ value }) => Ids.safeParse(value).success,
    }),
  );
export type Configuration = z.infer<typeof Configuration>;

/** Checks that ids are unique and that all apps named exist. It also runs when other fields are wrong. */
function compareIds(ids: z.infer<typeof Ids>, { addIssue }: z.core.$RefinementCtx): void {
  const report = (path: (string | number)[], message: string) => addIssue({ code: 'custom', path, message });
  const appIds = ids.apps.map((app) => app.id);
  for (const part of ['apps', ...NAMING_APPS] as const)
    for (const id of repeated(ids[part].map((one) => one.id))) report([part], `"${id}" is used twice`);
  const named = NAMING_APPS.flatMap((part) =>
    ids[part].flatMap(({ apps }, i) => apps.map((id, a) => ({ id, path: [part, i, 'apps', a] }))),
  );
  for (const { id, path } of named) if (!appIds.includes(id)) report(path, `there is no app "${id}"`);
}
