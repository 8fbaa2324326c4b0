import { mirrorDoor } from './aws/mirrors.ts';
import { pushMessages } from './mirror/push.ts';

/** Pushes what changed to hosted APIs. */
export const handler = mirrorDoor('mirror', 'marks', pushMessages);
