export type Dialect = 'xg' | 'tpns';
export type Endpoint = 'operate' | 'query';

export const PATHS = {
  operate: '/v3/device/account/batchoperate',
  query: '/v3/device/account/query',
} as const satisfies Record<Endpoint, string>;

/** A dialect's spelling of keys, results and codes. The codes are from its documents' error tables. */
export type Spelling = {
  /** The keys of the code and of its text. */
  readonly keys: Readonly<Record<Endpoint, { readonly code: string; readonly text: string }>>;
  /** Texts of `result` in batchoperate. */
  readonly done: string;
  readonly unknownToken: string;
  readonly codes: Readonly<Record<'unreadable' | 'wrongType' | 'missing' | 'invalid' | 'notAuthenticated', number>>;
};

const RET_CODE = { code: 'ret_code', text: 'err_msg' };

export const SPELLINGS: Readonly<Record<Dialect, Spelling>> = {
  xg: {
    keys: { operate: RET_CODE, query: RET_CODE },
    done: 'ok',
    unknownToken: 'token_not_exists',
    codes: { unreadable: 10103, wrongType: 10103, missing: 10102, invalid: 10103, notAuthenticated: 10104 },
  },
  tpns: {
    keys: { operate: RET_CODE, query: { code: 'retCode', text: 'errMsg' } },
    done: '0',
    unknownToken: '1008006',
    codes: { unreadable: 1008001, wrongType: 1008001, missing: 1008002, invalid: 1008007, notAuthenticated: 1008003 },
  },
};
