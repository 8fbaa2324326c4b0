import type { SourceQueue } from '../intake.ts';
import { type AlarmDefinition, MAXIMUM } from './alarms.ts';
import { THRESHOLDS } from './thresholds.ts';

/** The alarms of one source that sends through a queue. */
export const sourceAlarms = ({ source, queue, dead }: SourceQueue): AlarmDefinition[] =>
  [
    {
      title: 'Dead letters of a source',
      meaning: 'A message is no valid event, or failed a thousand times. Its event is not applied.',
      firstStep: 'read the reason in the log of intake and in the attribute reason of the message.',
      metric: dead.metricApproximateNumberOfMessagesVisible(MAXIMUM),
      threshold: THRESHOLDS.single,
    },
    {
      title: 'Source behind',
      meaning: `An event waits on the queue of its source for ${THRESHOLDS.oldestS} s, and no worker received it more than twice.`,
      firstStep: 'see on the dashboard whether intake runs, is throttled or does not keep up.',
      metric: queue.metricApproximateAgeOfOldestMessage(MAXIMUM),
      threshold: THRESHOLDS.oldestS,
      badPeriods: 3,
    },
  ].map((definition) => ({ ...definition, owner: { kind: 'Source', id: source.id } }));
