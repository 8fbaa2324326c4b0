import { appSecret } from '../../functions/account-api/wire/credentials.ts';
import { App } from '../../functions/core/configuration.ts';
import { ownAccountApi, ownHandler } from '../conformance/own-account-api.ts';
import { type Deployment, deployed } from './deployment.ts';
import { MIRRORED, type Synthesized } from './synthesis.ts';

/** A deployment whose mirrors reach an Account API of our own in place of the hosted ones. */
export async function mirroredDeployment(stack: Synthesized): Promise<Deployment> {
  const hosted = MIRRORED.apps.flatMap(({ id, mirror, policy, platform }) =>
    mirror
      ? [
          {
            url: mirror.url,
            secret: `Mirror ${id}/Secret`,
            app: { id: mirror.app, dialect: mirror.dialect, policy, platform },
          },
        ]
      : [],
  );
  const secretPaths = new Map(hosted.map(({ app, secret }) => [app.id, secret]));
  const deployment: { current?: Deployment } = {};
  const api = await ownAccountApi(
    ownHandler({
      apps: new Map(hosted.map(({ app }) => [app.id, App.parse(app)])),
      secretsOf: async (app) => [appSecret(deployment.current?.secret(`${secretPaths.get(app)}`) ?? '')],
    }),
  );
  const here = (value: string) => hosted.reduce((text, { url }) => text.replaceAll(url, api.url), value);
  deployment.current = await deployed(stack, here);
  const { stop } = deployment.current;
  return { ...deployment.current, stop: () => Promise.all([stop(), api.close()]).then(() => {}) };
}
