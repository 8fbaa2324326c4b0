import type { AttributeValue, BatchStatementRequest, BatchStatementResponse } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { orUnavailable } from '../core/outcome.ts';
import { AT_ONCE, chunksOf, inParallel } from '../core/parallel.ts';
import { type Item, itemOf, type Key, type Table } from './dynamodb.ts';

/** Statements in one call (API reference of BatchExecuteStatement). */
const MOST_STATEMENTS = 25;

/** A conditional write of one item. */
type Statement = BatchStatementRequest & { readonly Parameters: AttributeValue[] };

/** The result of a statement: done, its condition failed (with the item, if the answer has it), or nothing is known. */
type StatementResult = 'done' | 'failed' | Item | undefined;

/**
 * Executes writes of different items, each for itself. AWS was never asked about these statements: what is not certain
 * after them is written alone.
 */
export async function executeStatements(
  { client }: Table,
  statements: readonly Statement[],
): Promise<StatementResult[]> {
  const answers = await inParallel(chunksOf(statements, MOST_STATEMENTS), AT_ONCE, async (Statements) => {
    const answer = await orUnavailable(() => client.call('BatchExecuteStatement', { Statements }));
    const responses = 'kind' in answer ? [] : (answer.Responses ?? []);
    // An answer of another length does not say which statement was executed.
    return Statements.map((_, i) => (responses.length === Statements.length ? resultIn(responses[i]) : undefined));
  });
  return answers.flat();
}

function resultIn(response: BatchStatementResponse | undefined): StatementResult {
  if (response?.Error === undefined) return response && 'done';
  const { Code, Item } = response.Error;
  if (Item !== undefined) return itemOf(Item);
  return Code === 'ConditionalCheckFailed' || Code === 'DuplicateItem' ? 'failed' : undefined;
}

/** The statement for an item that is not there yet. */
export function insertion({ name }: Table, key: Key, attributes: Readonly<Record<string, unknown>>): Statement {
  const item = marshall({ ...key, ...attributes }, { removeUndefinedValues: true });
  const values = Object.keys(item).map((attribute) => `'${attribute}': ?`);
  return { Statement: `INSERT INTO "${name}" VALUE {${values.join(', ')}}`, Parameters: Object.values(item) };
}

type Comparison = readonly [attribute: string, operator: '=' | '<', value: string | number];

/** The statement for an item that is there. As `update` does, it removes undefined attributes and leaves unknown ones. */
export function updating(
  { name }: Table,
  key: Key,
  attributes: Readonly<Record<string, unknown>>,
  [attribute, operator, value]: Comparison,
): Statement {
  const item = marshall(attributes, { removeUndefinedValues: true });
  const removed = Object.keys(attributes).filter((each) => item[each] === undefined);
  const changes = [...Object.keys(item).map((each) => `SET "${each}"=?`), ...removed.map((each) => `REMOVE "${each}"`)];
  const condition = `WHERE "pk"=? AND "sk"=? AND "${attribute}"${operator}?`;
  return {
    Statement: `UPDATE "${name}" ${changes.join(' ')} ${condition}`,
    Parameters: [...Object.values(item), ...Object.values(marshall({ ...key, value }))],
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  };
}
