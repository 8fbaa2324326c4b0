import { applyDoor } from './aws/apply.ts';

/** The worker of the operations queue: applies what the doors accepted and marks the mirrors. */
export const handler = applyDoor();
