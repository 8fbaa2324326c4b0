// Plain JavaScript that every Node can read: it runs before the first module that an older Node cannot load.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const isOld = major < 22 || (major === 22 && minor < 19);
// A clone runs TypeScript. The package is compiled.
const isReadable = process.features.typescript || require('node:fs').existsSync(__dirname + '/main.js');
if (isOld || !isReadable) {
  console.error('Bindery needs Node 22.19 or newer, and this is Node ' + process.versions.node + ': see https://nodejs.org');
  process.exit(1);
}
