import { mirrorDoor } from './aws/mirrors.ts';
import { pushMessages } from './mirror/push.ts';

/** Pushes tokens that are marked dirty to hosted APIs. */
export const handler = mirrorDoor('mirror', 'marks', pushMessages);
