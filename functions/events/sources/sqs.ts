import { jsonIn } from '../../lambda/request.ts';
import { sourceKind } from '../source.ts';
import { appFacts } from './standard-webhooks.ts';

/**
 * The app's own backend in the same account of AWS, which sends its events to a queue. A message is a body of
 * `POST /events/{source}`. An event without an id is known by its content: SQS gives each attempt another id.
 */
export const kind = sourceKind({
  credential: 'iam',
  accounts: [],
  effects: {},
  receiver:
    () =>
    ({ body }, to) => {
      const json = jsonIn(body);
      return json === undefined ? { refused: 'not_json' } : appFacts({ id: '', body: json.value }, to);
    },
});
