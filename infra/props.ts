import { Annotations } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Configuration } from '../functions/core/bindery-json.ts';
import { type BinderyJson, contentOf, readConfiguration } from './configuration.ts';
import { DEFAULT_STAGE, type Stage, stageIn } from './stages.ts';

export type BinderyProps = {
  /** A `bindery.json` (docs/configuration.md): its content, or its path. Throws an error that lists every fault. */
  configuration: BinderyJson | string;
  /**
   * The options to take from `stages`. In `dev`, deleting the stack deletes the table, the secrets, the queues and the logs;
   * elsewhere they stay. Default: dev.
   */
  stage?: string | undefined;
};

/** Checks the configuration here too: another CDK app that contains Bindery has no other check before a cold start in AWS. */
export function checked(given: BinderyJson | string, stage: string): { configuration: Configuration; options: Stage } {
  const content = typeof given === 'string' ? readConfiguration(given) : contentOf(given);
  if ('problems' in content) throw new Error(`bindery.json has faults:\n${content.problems.join('\n')}`);
  const chosen = stageIn(content.stages, stage);
  if ('problem' in chosen) throw new Error(chosen.problem);
  return { configuration: content.configuration, options: chosen.options };
}

/** Warns of options that are right for a trial and wrong for production. The synthesis prints these lines. */
export function warnOf(scope: Construct, stage: string, { alarmEmail, front, doorConcurrency }: Stage): void {
  const warn = (id: string, text: string) => Annotations.of(scope).addWarningV2(`bindery:${id}`, text);
  if (stage !== DEFAULT_STAGE && alarmEmail === undefined)
    warn('no-alarm-email', `no mail is sent when an alarm goes off: give stages.${stage}.alarmEmail in bindery.json`);
  if (front === 'function-url' && doorConcurrency === undefined)
    warn(
      'no-cap',
      `function URLs have no throttle, so a flood takes every execution of the account, also those of apply: give stages.${stage}.doorConcurrency in bindery.json`,
    );
}
