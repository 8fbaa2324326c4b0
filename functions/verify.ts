import { mirrorDoor } from './aws/mirrors.ts';
import { verifyMessages } from './mirror/verify.ts';

/** Queries hosted APIs and marks tokens that differ. */
export const handler = mirrorDoor('verify', 'checks', verifyMessages);
