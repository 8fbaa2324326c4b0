/**
 * Replaces `@aws-sdk/credential-provider-node` in a bundle. Lambda gives a function its role's credentials only in the
 * environment, and replaces the process before they expire. The SDK's own chain also reads files, single sign-on, other
 * roles and metadata servers: 135 KB that every cold start would load without using them.
 */
export const defaultProvider = () => async () => {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = process.env;
  if (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY)
    throw new Error(
      'AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY is not in the environment. Lambda sets both: do not remove them.',
    );
  return {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    ...(AWS_SESSION_TOKEN && { sessionToken: AWS_SESSION_TOKEN }),
  };
};
