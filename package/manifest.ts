import * as z from 'zod';

const Versions = z.record(z.string(), z.string());

/** The parts of this repository's package.json that the package has too, and its dependencies. */
const Own = z.object({
  name: z.string(),
  version: z.string(),
  description: z.string(),
  license: z.string(),
  type: z.literal('module'),
  engines: z.object({ node: z.string() }),
  bin: Versions,
  dependencies: Versions,
  devDependencies: Versions,
});

/** Packages that the user's CDK app brings. A user of the client or of the commands alone needs none of them. */
const PEERS = ['aws-cdk-lib', 'constructs'];

/** A clone bundles with it what the package brings. */
const BUNDLER = 'esbuild';

const CONSTRUCT = { types: './infra/public.d.ts', default: './infra/public.js' };
const CLIENT = { types: './client/bindery.d.ts', default: './client/bindery.js' };

export type Manifest = ReturnType<typeof manifestOf>;

/**
 * Returns the package.json of the package. Dependencies are the packages that its code imports, in the exact versions that
 * the tests ran with. Throws if the code imports a package that this repository does not name. `remote`: the address that
 * the clone has its commits from; npm compares a repository on GitHub with the provenance.
 */
export function manifestOf(ownPackage: unknown, imported: ReadonlySet<string>, remote = '') {
  const { dependencies, devDependencies, ...own } = Own.parse(ownPackage);
  const versions = new Map(Object.entries({ ...devDependencies, ...dependencies }));
  const versionOf = (name: string): string => {
    const version = versions.get(name);
    if (version === undefined) throw new Error(`the code imports "${name}", and package.json does not name it`);
    return version;
  };
  const runtime = [...imported].filter((name) => ![...PEERS, BUNDLER].includes(name)).toSorted();
  const [, repository] = /github\.com[:/]([\w.-]+\/[\w.-]+?)(?:\.git)?$/.exec(remote) ?? [];
  return {
    ...own,
    ...(repository !== undefined && { repository: { type: 'git', url: `git+https://github.com/${repository}.git` } }),
    keywords: ['push notifications', 'device tokens', 'cdk', 'aws', 'fcm', 'apns'],
    exports: { '.': CONSTRUCT, './cdk': CONSTRUCT, './client': CLIENT, './package.json': './package.json' },
    dependencies: Object.fromEntries(runtime.map((name) => [name, versionOf(name)])),
    // A construct must be made by the CDK of the app that contains it, so any later version of the same major will do.
    peerDependencies: Object.fromEntries(PEERS.map((name) => [name, `^${versionOf(name)}`])),
    peerDependenciesMeta: Object.fromEntries(PEERS.map((name) => [name, { optional: true }])),
    publishConfig: { access: 'public' },
  };
}
