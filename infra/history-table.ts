import { Stack, Validations } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { StorageProps } from './encryption.ts';
import { allow } from './function.ts';
import { RegistryTable } from './registry-table.ts';

/** `days`: for which the ledger answers. */
type HistoryTableProps = StorageProps & { days: number };

/** The functions that use the ledger. */
type HistoryDoor = 'apply' | 'sweep' | 'resolve';

/** The ledger's part of a function: the variable `HISTORY`, and its permissions. */
export type HistoryPart = { readonly HISTORY: string; readonly permissions: PolicyStatement[] };

/**
 * The table of the ledger: each operation that reached the registry (functions/history/). It has the keys of the registry's
 * table, and no point-in-time recovery: it is written once, and an entry that is gone is gone on purpose.
 */
export class HistoryTable extends RegistryTable {
  readonly #days: number;

  constructor(scope: Construct, { days, ...props }: HistoryTableProps) {
    super(scope, 'History', { ...props, pointInTimeRecovery: false });
    this.#days = days;
    Validations.of(this).acknowledge({
      id: 'AwsSolutions-DDB3',
      reason: 'Entries are inserted and prolonged, never taken back. A backup would keep names after they were erased.',
    });
  }

  /** Returns undefined for 0 days. */
  static with(scope: Construct, props: HistoryTableProps): HistoryTable | undefined {
    return props.days > 0 ? new HistoryTable(scope, props) : undefined;
  }

  /** Returns the part of a function; without a ledger it has no permission. */
  static partOf(scope: Construct, table: HistoryTable | undefined, door: HistoryDoor): HistoryPart {
    const value = table ? { table: table.tableName, days: table.#days } : null;
    return { HISTORY: Stack.of(scope).toJsonString(value), permissions: table ? [table.#permissionOf(door)] : [] };
  }

  #permissionOf(door: HistoryDoor): PolicyStatement {
    if (door === 'apply') return allow(this.tableArn, 'dynamodb:PartiQLInsert', 'dynamodb:UpdateItem');
    if (door === 'sweep') return allow(this.tableArn, 'dynamodb:UpdateItem');
    // Of the ledger, senders see the items of requests, which have no names.
    const conditions = { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['R#*'] } };
    return new PolicyStatement({ resources: [this.tableArn], actions: ['dynamodb:Query'], conditions });
  }
}
