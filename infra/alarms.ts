import { Stack, Validations } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, type IAlarmAction, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import type { EncryptionKey } from './encryption.ts';
import { watchesOfMirrors } from './mirror-watches.ts';
import { type Watch, type Watched, watchesOf } from './watches.ts';

/** Tells what is wrong, what it means and what to do first. Without an address alarms are seen on the console only. */
export class Alarms extends Construct {
  readonly #alarms: Alarm[];

  constructor(scope: Construct, id: string, watched: Watched) {
    super(scope, id);
    this.#alarms = [...watchesOf(watched), ...watchesOfMirrors(watched)].map((watch) => this.#alarm(watch));
  }

  get all(): readonly Alarm[] {
    return this.#alarms;
  }

  /** For a pager or a chat: whichever action of the CDK, when an alarm goes off and when it is over. */
  notify(action: IAlarmAction): void {
    for (const alarm of this.#alarms) {
      alarm.addAlarmAction(action);
      alarm.addOkAction(action);
    }
  }

  /** AWS asks the address for a confirmation first. */
  mail(address: string, key: EncryptionKey | undefined): void {
    key?.letAlarmsUseIt();
    const topic = new Topic(this, 'Topic', {
      displayName: 'Bindery',
      enforceSSL: true,
      ...(key && { masterKey: key }),
    });
    // The policy that enforces TLS replaces the one that let this account's alarms in.
    topic.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        resources: [topic.topicArn],
        actions: ['sns:Publish'],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
    topic.addSubscription(new EmailSubscription(address));
    Validations.of(topic).acknowledge({
      id: 'Serverless-SNSRedrivePolicy',
      reason: "A mail that was not delivered is old news: CloudWatch keeps the alarm's state and its history.",
    });
    this.notify(new SnsAction(topic));
  }

  #alarm({ title, means, first, metric, from, in: points = 1, of = points, mirror }: Watch): Alarm {
    const whose = mirror === undefined ? '' : `Mirror of ${mirror}: `;
    return new Alarm(this, mirror === undefined ? title : `${title} (${mirror})`, {
      alarmDescription: `${whose}${means} First: ${first} docs/operations.md#${title.toLowerCase().replaceAll(' ', '-')}`,
      metric,
      threshold: from,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      datapointsToAlarm: points,
      evaluationPeriods: of,
      // All of these measure trouble, and AWS sends no values while nothing happens: a quiet night is not an incident.
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
  }
}
