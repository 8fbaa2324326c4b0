import { intakeDoor } from './aws/intake.ts';

/** The worker of the queues of sources: accepts auth events of back ends on AWS. */
export const handler = intakeDoor();
