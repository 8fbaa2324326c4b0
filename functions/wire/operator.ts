import * as z from 'zod/mini';
import { isWithin, type Platform } from '../core/account.ts';

const OperatorType = z.enum(['qq', 'rtx', 'email', 'other'], 'an operator is qq, rtx, email or other');

const OperatorId = z
  .string()
  .check(z.refine((text) => text === '' || isWithin(255)(text), 'the id of an operator is at most 255 bytes of text'));

/** Who makes a request, in both dialects' requests though only the XG document has it. */
export const operatorFields = { op_type: z.optional(OperatorType), op_id: z.optional(OperatorId) };

/** The person or system on whose behalf a request is made. The id is personal: never in a log. */
export type Operator = {
  readonly type?: z.infer<typeof OperatorType> | undefined;
  readonly id?: z.infer<typeof OperatorId> | undefined;
};

/** What every request may say beside what it is about. */
export type Circumstances = { readonly platform?: Platform; readonly operator?: Operator };

type CircumstanceFields = {
  platform?: Platform | undefined;
  op_type?: Operator['type'];
  op_id?: Operator['id'];
};

export const circumstancesOf = ({ platform, op_type: type, op_id: id }: CircumstanceFields): Circumstances => ({
  ...(platform && { platform }),
  ...((type !== undefined || id !== undefined) && {
    operator: { ...(type !== undefined && { type }), ...(id !== undefined && { id }) },
  }),
});

export const platformField = ({ platform }: Circumstances) => ({ ...(platform && { platform }) });

export const operatorFieldsOf = ({ operator: { type, id } = {} }: Circumstances) => ({
  ...(type !== undefined && { op_type: type }),
  ...(id !== undefined && { op_id: id }),
});
