import { msOf } from '../core/stamp.ts';
import type { Element, Receipt } from './entry.ts';

/** An operation of a request, in the words of the wire. `in_effect_at`: the time by which it was. */
type ReceiptOperation = {
  readonly app: string;
  readonly kind: string;
  readonly happened_at: string;
  readonly outcome: 'applied' | 'superseded' | 'refused' | 'durable';
  readonly reason?: string;
  readonly in_effect_at?: string;
};

export type ReceiptAnswer = {
  readonly operation_id: string;
  readonly outcome: ReceiptOperation['outcome'];
  readonly from?: string;
  readonly accepted_at?: string;
  readonly operations: readonly ReceiptOperation[];
};

const timeOf = (ms: number): string => new Date(ms).toISOString();

/**
 * Returns what became of a request, as far as its operations are of the apps: no name, each operation once. Undefined if
 * none is of them.
 */
export function receiptAnswer(
  id: string,
  receipts: readonly Receipt[],
  isReadable: (app: string) => boolean,
): ReceiptAnswer | undefined {
  const known = new Map<string, ReceiptOperation>();
  const ordered = receipts.toSorted((a, b) => (a.acceptedMs ?? a.appliedMs) - (b.acceptedMs ?? b.appliedMs));
  for (const receipt of ordered)
    for (const element of receipt.elements.filter(({ app }) => isReadable(app))) {
      const name = JSON.stringify([element.app, element.kind, element.stamp]);
      // A part of the request that came again, or a message that was only partly applied at first.
      if ((known.get(name)?.outcome ?? 'durable') === 'durable') known.set(name, operationOf(element, receipt));
    }
  const operations = [...known.values()];
  const outcome = (['durable', 'applied', 'superseded', 'refused'] as const).find((one) =>
    operations.some((operation) => operation.outcome === one),
  );
  if (outcome === undefined) return undefined;
  const [{ from, acceptedMs } = {}] = ordered;
  const origin = { ...(from && { from }), ...(acceptedMs && { accepted_at: timeOf(acceptedMs) }) };
  return { operation_id: id, outcome, ...origin, operations };
}

function operationOf({ app, kind, stamp, outcome, reason }: Element, { appliedMs }: Receipt): ReceiptOperation {
  const what = { app, kind, happened_at: timeOf(msOf(stamp)) };
  if (outcome === 'unavailable') return { ...what, outcome: 'durable' };
  if (outcome === 'refused') return { ...what, outcome, ...(reason && { reason }) };
  return { ...what, outcome, in_effect_at: timeOf(appliedMs) };
}
