import { Annotations, CfnOutput, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { Bindery } from './bindery.ts';
import { pascal } from './outputs.ts';
import type { BinderyProps } from './props.ts';

/**
 * Bindery in a stack of its own.
 *
 *   Url ─▶ events, account-api ─▶ operations queue ─▶ apply ─▶ registry table
 *                    └────────────── applied at once ──────────────▲
 *   Url ─▶ devices (sign-ins) ─▶ queue and table      Url ─▶ resolve ─▶ table
 *   for each source on AWS:          queue ─▶ intake ─▶ queue and table
 *   for each app with a mirror:      apply ─▶ marks ─▶ mirror ─▶ hosted API ◀─ verify ◀─ checks
 */
export class BinderyStack extends Stack {
  constructor(scope: Construct, id: string, props: BinderyProps & { stage: string }) {
    super(scope, id, {
      description: 'Bindery: which account is signed in on which device',
      terminationProtection: props.stage !== 'dev',
    });
    const { front, table, history, operations, credentials, intake, mirrors, dashboard, key } = new Bindery(
      this,
      'Bindery',
      props,
    );
    for (const [name, url] of Object.entries(front.urls)) this.#output(name, url);
    this.#output('TableName', table.tableName);
    if (history) this.#output('HistoryTableName', history.tableName);
    this.#output('OperationsQueueUrl', operations.queue.queueUrl);
    this.#output('ParkedQueueUrl', operations.parked.queueUrl);
    this.#output('DashboardName', dashboard.dashboardName);
    if (key) this.#output('KeyArn', key.keyArn);
    for (const [app, { secretArn }] of credentials.apps.secrets) this.#output(`SecretOfApp${pascal(app)}`, secretArn);
    for (const [source, { secretArn }] of credentials.sources.secrets)
      this.#output(`SecretOfSource${pascal(source)}`, secretArn);
    for (const [reader, { secretArn }] of credentials.readers.secrets)
      this.#output(`SecretOfReader${pascal(reader)}`, secretArn);
    if (credentials.devices) this.#output('SecretOfDevices', credentials.devices.secretArn);
    for (const { source, queue, dead } of intake?.queues ?? []) {
      this.#output(`QueueUrlOfSource${pascal(source.id)}`, queue.queueUrl);
      this.#output(`DeadLettersUrlOfSource${pascal(source.id)}`, dead.queueUrl);
    }
    for (const { app, marks, secret } of mirrors) {
      this.#output(`MirrorQueueUrlOf${pascal(app.id)}`, marks.queue.queueUrl);
      this.#output(`MirrorDeadLettersUrlOf${pascal(app.id)}`, marks.dead.queueUrl);
      this.#output(`MirrorSecretOf${pascal(app.id)}`, secret.secretArn);
    }
  }

  /** CloudFormation allows only letters and digits in names, so ids like `my-app` and `my_app` make the same output. */
  #output(name: string, value: string): void {
    if (this.node.tryFindChild(name) === undefined) new CfnOutput(this, name, { value });
    else Annotations.of(this).addError(`two ids in bindery.json both make the output "${name}": rename one of them`);
  }
}
