import * as z from 'zod';

const Failures = z.array(z.object({ itemIdentifier: z.string().min(1) }));
const BatchResponse = z.object({ batchItemFailures: Failures.nullish() }).nullish();

/**
 * The ids of a batch that remain on the queue after a function's response. No response, an empty one and one without
 * failures mean success; one that Lambda cannot read, or that names a message which is not in the batch, means that the
 * whole batch failed (Lambda, "Handling errors for an SQS event source", "Success and failure conditions").
 */
export function remainingIn(response: unknown, ids: readonly string[]): readonly string[] {
  const read = BatchResponse.safeParse(response);
  if (!read.success) return ids;
  const failed = (read.data?.batchItemFailures ?? []).map(({ itemIdentifier }) => itemIdentifier);
  return failed.every((id) => ids.includes(id)) ? failed : ids;
}
