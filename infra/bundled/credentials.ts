/**
 * In a bundle this stands for `@aws-sdk/credential-provider-node`: Lambda gives a function its role's credentials in the
 * environment and nowhere else, and replaces the process before they expire. The SDK's own chain also knows files,
 * single sign-on, other roles and metadata servers: 135 KB that every cold start would load for nothing.
 */
export const defaultProvider = () => async () => {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = process.env;
  if (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY) throw new Error('there are no AWS credentials in the environment');
  return {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    ...(AWS_SESSION_TOKEN && { sessionToken: AWS_SESSION_TOKEN }),
  };
};
