import { Stack, Validations } from 'aws-cdk-lib';
import { type ISecret, Secret, type SecretStringGenerator } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { Configuration } from '../functions/core/bindery-json.ts';
import { deviceDoors, hasSecret } from './configuration.ts';
import type { StorageProps } from './encryption.ts';
import type { Stage } from './stages.ts';

/** Do not change these generators: CloudFormation would generate new values and keep the old ones only as AWSPREVIOUS. */
const APP_SECRET: SecretStringGenerator = { passwordLength: 32, excludePunctuation: true };

/**
 * 44 letters and digits are also valid base64, of 33 bytes: a Standard Webhooks key (24 to 64 bytes) as it stands,
 * without the prefix `whsec_`.
 */
const SOURCE_SECRET: SecretStringGenerator = { passwordLength: 44, excludePunctuation: true };

/** A bearer in a header: letters and digits only. */
const READER_SECRET: SecretStringGenerator = { passwordLength: 44, excludePunctuation: true };

/** Any value works: only the functions use this key, of the pseudonyms, or of fences and receipts. */
const OWN_KEY: SecretStringGenerator = { passwordLength: 44, excludePunctuation: true };

const GENERATORS = { app: APP_SECRET, source: SOURCE_SECRET, reader: READER_SECRET } as const;

type CredentialsProps = StorageProps & { configuration: Configuration; secretArns: Stage['secretArns'] };

/**
 * One secret for each app, source and reader, generated unless the stage names an existing one, one for pseudonyms, and
 * one for fences and receipts. The functions accept both AWSCURRENT and AWSPREVIOUS, so an operator rotates a secret
 * without a gap by putting a new value.
 */
export class Credentials extends Construct {
  readonly apps: CredentialSet;
  readonly sources: CredentialSet;
  readonly readers: CredentialSet;
  /** The key of the digests that replace tokens and accounts in logs and in the metadata of queues. */
  readonly pseudonyms: Secret;
  /** The key of fences and receipts. Undefined if no function makes them. */
  readonly devices: Secret | undefined;

  constructor(scope: Construct, id: string, { configuration, secretArns, removalPolicy, key }: CredentialsProps) {
    super(scope, id);
    // By its declaration a Secret is no ISecret under exactOptionalPropertyTypes: one property may be undefined in it.
    const secret = (of: string, generateSecretString: SecretStringGenerator) =>
      new Secret(this, of, {
        description: `Bindery, ${of}`,
        generateSecretString,
        removalPolicy,
        ...(key && { encryptionKey: key }),
      });
    const existing = {
      app: new Map(Object.entries(secretArns.apps)),
      source: new Map(Object.entries(secretArns.sources)),
      reader: new Map(Object.entries(secretArns.readers)),
    };
    const credential = (kind: keyof typeof existing, id: string): [string, ISecret] => {
      const [name, arn] = [`${kind} ${id}`, existing[kind].get(id)];
      if (arn !== undefined) return [id, Secret.fromSecretCompleteArn(this, name, arn)];
      return [id, secret(name, GENERATORS[kind]) as ISecret]; // see above
    };
    this.apps = new CredentialSet(configuration.apps.map(({ id }) => credential('app', id)));
    const sources = configuration.sources.filter(hasSecret);
    this.sources = new CredentialSet(sources.map(({ id }) => credential('source', id)));
    this.readers = new CredentialSet(configuration.readers.map(({ id }) => credential('reader', id)));
    this.pseudonyms = secret('pseudonyms', OWN_KEY);
    this.devices = deviceDoors(configuration).length > 0 ? secret('devices', OWN_KEY) : undefined;
    Validations.of(this).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason:
        'Rotation by schedule would lock the sender out: the sender keeps a copy of the secret and must get the new value first. An operator rotates, and functions accept AWSPREVIOUS meanwhile (functions/aws/secrets.ts).',
    });
  }
}

/** Secrets, generated or existing, by the id of the app, source or reader that authenticates with them. */
export class CredentialSet {
  readonly secrets: ReadonlyMap<string, ISecret>;

  constructor(secrets: [id: string, secret: ISecret][]) {
    this.secrets = new Map(secrets);
  }

  /** Returns the secret of an id. Throws with the known ids if there is none. */
  of(id: string): ISecret {
    const secret = this.secrets.get(id);
    if (secret !== undefined) return secret;
    throw new Error(`there is no secret of "${id}": known are ${[...this.secrets.keys()].join(', ') || 'none'}`);
  }

  /** Returns the secrets of some ids. */
  only(ids: readonly string[]): CredentialSet {
    return new CredentialSet([...this.secrets].filter(([id]) => ids.includes(id)));
  }

  get arns(): string[] {
    return [...this.secrets.values()].map((secret) => secret.secretArn);
  }

  /** Returns a JSON object from id to ARN, for a function's environment. Whole ARNs: CloudFormation cannot cut a name out. */
  toJson(scope: Construct): string {
    const entries = [...this.secrets].map(([id, secret]) => [id, secret.secretArn]);
    return Stack.of(scope).toJsonString(Object.fromEntries(entries));
  }
}
