import { test } from 'vitest';
import { fuzz } from './fuzz.ts';

test('any request gets no 5xx, changes nothing if refused, and is never quoted in a refusal or a log', () => fuzz(300));
