/** The Region that the embedded servers say they are in. */
export const REGION = 'us-east-1';
