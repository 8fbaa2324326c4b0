import { readFileSync } from 'node:fs';
import type { BinderyJson } from '../../infra/configuration.ts';

export const APP_FILE = 'bindery.cdk.mjs';

/** Lines of `.gitignore`: secrets, and what the CDK makes. */
export const IGNORED = ['.env', '.bindery/', 'cdk.out/'];

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** A project's first `bindery.json`: an app for each platform, the back end that sends events, and the sender. */
export function binderyText(name: string): string {
  const app = (platform: 'android' | 'ios') =>
    ({ id: `${name}-${platform}`, dialect: 'tpns', policy: 'one-per-type', platform }) as const;
  const apps = [app('android'), app('ios')];
  const ids = apps.map(({ id }) => id);
  return json({
    apps,
    sources: [{ id: 'app', kind: 'standard-webhooks', apps: ids, tickets: true }],
    readers: [{ id: 'push', apps: ids }],
    stages: { dev: {}, prod: {} },
  } satisfies BinderyJson);
}

export const appText = (): string => `// The CDK app of Bindery: npx cdk deploy -c stage=prod
// node_modules/${packageName()}/docs/construct.md shows how to put Bindery into a stack of yours instead.
import { App } from 'aws-cdk-lib';
import { BinderyStack } from '${packageName()}';

const app = new App();
const stage = app.node.tryGetContext('stage') ?? 'dev';
new BinderyStack(app, \`Bindery-\${stage}\`, { configuration: 'bindery.json', stage });
`;

/** The CDK's settings, with the flags that our own stack is tested with. */
export const cdkText = (): string => json({ ...ownJson('cdk.json'), app: `node ${APP_FILE}`, watch: undefined });

const packageName = (): string => `${ownJson('package.json')['name']}`;

/** A file of the clone or of the package. */
const ownJson = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8'));
