// Runs `cdk deploy` with the Node that the user installed, because it has AWS credentials. npm puts node_modules/.bin, and in
// it the Node that the project brings, in front of it.
const { spawnSync } = require('node:child_process');
const { delimiter, join } = require('node:path');

const folders = (process.env.PATH ?? '').split(delimiter);
const PATH = folders.filter((folder) => !folder.endsWith(join('node_modules', '.bin'))).join(delimiter);
const cdk = join(__dirname, '../node_modules/aws-cdk/bin/cdk');
const { status } = spawnSync('node', [cdk, 'deploy', ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...process.env, PATH },
});
process.exit(status ?? 1);
