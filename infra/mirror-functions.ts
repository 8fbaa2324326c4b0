import { Stack } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { RecursiveLoop } from 'aws-cdk-lib/aws-lambda';
import type { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import type { MirrorEnvironment, VariablesOf } from '../functions/adapters/environment.ts';
import { Mirror as Configured } from '../functions/core/configuration.ts';
import type { Keeping } from './encryption.ts';
import { allow, DoorFunction, RECEIVING } from './function.ts';
import type { Mirror, Mirrored } from './mirror.ts';
import type { MirrorDoor } from './settings.ts';

/** The two functions that all mirrors share. */
export type MirrorFunctions = Readonly<Record<MirrorDoor, DoorFunction>>;

type Working = Keeping & {
  mirrors: readonly Mirror[];
  table: Pick<ITable, 'tableName' | 'tableArn'>;
  pseudonyms: Secret;
};

export function mirrorFunctions(scope: Construct, { mirrors, table, pseudonyms, ...kept }: Working): MirrorFunctions {
  const environment = {
    REGISTRY_TABLE: table.tableName,
    PSEUDONYM_SECRET: pseudonyms.secretArn,
    MIRRORS: Stack.of(scope).toJsonString(mirrors.map(siteOf)),
  } satisfies VariablesOf<typeof MirrorEnvironment>;
  const [marks, checks] = (['marks', 'checks'] as const).map((name) =>
    mirrors.map((mirror) => mirror[name].queue.queueArn),
  );
  const secrets = [...mirrors.map(({ secret }) => secret.secretArn), pseudonyms.secretArn];
  const reading = ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:PutItem'];
  const common = { ...kept, environment, recursiveLoop: ALLOWED_LOOP };
  return {
    mirror: new DoorFunction(scope, 'mirror', {
      ...common,
      may: [
        allow(marks ?? [], ...RECEIVING, 'sqs:SendMessage'),
        allow(checks ?? [], 'sqs:SendMessage'),
        allow(secrets, 'secretsmanager:GetSecretValue'),
        allow(table.tableArn, ...reading, 'dynamodb:Query'),
      ],
    }),
    verify: new DoorFunction(scope, 'verify', {
      ...common,
      may: [
        allow(checks ?? [], ...RECEIVING, 'sqs:SendMessage'),
        allow(marks ?? [], 'sqs:SendMessage'),
        allow(secrets, 'secretsmanager:GetSecretValue'),
        allow(table.tableArn, ...reading),
      ],
    }),
  };
}

/**
 * These two call each other through their queues on purpose: a push is verified, and what a verification finds different
 * is pushed again. Lambda would take that for a runaway loop and drop the message after some 16 rounds. It cannot run
 * away: a mark makes one check at most and a check one mark, and the wait doubles with each round up to 15 minutes.
 */
const ALLOWED_LOOP = RecursiveLoop.ALLOW;

const siteOf = ({ app, marks, checks, secret }: Mirror) => ({
  app: sparing(app),
  marks: marks.queue.queueUrl,
  checks: checks.queue.queueUrl,
  secret: secret.secretArn,
});

/** Without what is the default anyway: an environment has 4 KB. */
const sparing = ({ mirror, ...app }: Mirrored) => {
  const { url, app: id, dialect } = mirror;
  const defaults = new Map<string, unknown>(Object.entries(Configured.parse({ url, app: id, dialect })));
  const own = Object.entries(mirror).filter(([name, value]) => defaults.get(name) !== value);
  return { ...app, mirror: { url, app: id, dialect, ...Object.fromEntries(own) } };
};
