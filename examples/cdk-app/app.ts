import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Bindery, type BinderyJson } from 'bindery-push';

/** A brand with an app on each platform, its back end, and its sender of pushes. Each stage is a `bindery.json` too. */
const configurationOf = (brand: string): BinderyJson => {
  const apps = [`${brand}-android`, `${brand}-ios`];
  return {
    apps: apps.map((id, i) => ({ id, dialect: 'tpns', policy: 'one-per-type', platform: i === 0 ? 'android' : 'ios' })),
    sources: [{ id: 'backend', kind: 'standard-webhooks', apps, tickets: true }],
    readers: [{ id: 'push', apps }],
    stages: { prod: { alarmEmail: 'ops@shop.example' } },
  };
};

/** Two brands in one stack. Each has its own Bindery, and these share nothing. */
class ShopStack extends Stack {
  constructor(scope: App, id: string) {
    super(scope, id);
    for (const brand of ['shop', 'outlet']) this.#add(brand);
  }

  #add(brand: string): void {
    const bindery = new Bindery(this, `Push ${brand}`, { configuration: configurationOf(brand), stage: 'prod' });
    const sender = new LambdaFunction(this, `Sender ${brand}`, {
      runtime: Runtime.NODEJS_24_X,
      handler: 'index.handler',
      // Your code reads the secret, and asks with the client: import { Bindery } from 'bindery-push/client'
      code: Code.fromInline('exports.handler = async () => {};'),
      environment: {
        BINDERY_URL: bindery.resolveUrl,
        BINDERY_READER_SECRET: bindery.secretOf('push', 'readers').secretArn,
      },
    });
    bindery.grantRead(sender);
    new CfnOutput(this, `Url of ${brand}`.replaceAll(' ', ''), { value: bindery.url });
  }
}

new ShopStack(new App(), 'Shop');
