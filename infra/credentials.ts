import { Stack, Validations } from 'aws-cdk-lib';
import { Secret, type SecretStringGenerator } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { Configuration } from '../functions/core/configuration.ts';
import type { Keeping } from './encryption.ts';

/** Changing one of these makes CloudFormation generate a new value: the old one then lives on as AWSPREVIOUS only. */
const APP_SECRET: SecretStringGenerator = { passwordLength: 32, excludePunctuation: true };

/**
 * 44 letters and digits are also valid base64, of 33 bytes: a Standard Webhooks key (24 to 64 bytes) as it stands,
 * without the prefix `whsec_`.
 */
const SOURCE_SECRET: SecretStringGenerator = { passwordLength: 44, excludePunctuation: true };

/** Any key will do: nobody but the functions has it. */
const PSEUDONYM_SECRET: SecretStringGenerator = { passwordLength: 44, excludePunctuation: true };

type Kept = Keeping & { configuration: Configuration };

/**
 * One generated secret for each app and each source, and one for pseudonyms. The functions accept both AWSCURRENT and AWSPREVIOUS, so putting a
 * new value rotates a secret without a gap.
 */
export class Credentials extends Construct {
  readonly apps: CredentialSet;
  readonly sources: CredentialSet;
  /** The key of the digests that stand for tokens and accounts in logs and in the metadata of queues. */
  readonly pseudonyms: Secret;

  constructor(scope: Construct, id: string, { configuration: { apps, sources }, removalPolicy, key }: Kept) {
    super(scope, id);
    const secret = (of: string, generateSecretString: SecretStringGenerator) =>
      new Secret(this, of, {
        description: `Bindery, ${of}`,
        generateSecretString,
        removalPolicy,
        ...(key && { encryptionKey: key }),
      });
    this.apps = new CredentialSet(apps.map((app) => [app.id, secret(`app ${app.id}`, APP_SECRET)]));
    this.sources = new CredentialSet(sources.map(({ id }) => [id, secret(`source ${id}`, SOURCE_SECRET)]));
    this.pseudonyms = secret('pseudonyms', PSEUDONYM_SECRET);
    Validations.of(this).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason:
        'A schedule would lock the sender out: it holds the other copy of the secret and has to be given the new one. A person rotates, and AWSPREVIOUS stays good meanwhile (functions/aws/secrets.ts).',
    });
  }
}

/** Secrets by the id of whom they let in. */
export class CredentialSet {
  readonly secrets: ReadonlyMap<string, Secret>;

  constructor(secrets: [id: string, secret: Secret][]) {
    this.secrets = new Map(secrets);
  }

  get arns(): string[] {
    return [...this.secrets.values()].map((secret) => secret.secretArn);
  }

  /** A JSON object from id to ARN, for a function's environment. Whole ARNs: a name would have to be cut out of one. */
  toJson(scope: Construct): string {
    const entries = [...this.secrets].map(([id, secret]) => [id, secret.secretArn]);
    return Stack.of(scope).toJsonString(Object.fromEntries(entries));
  }
}
