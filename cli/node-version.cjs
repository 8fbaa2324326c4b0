// Plain JavaScript that every Node can read: it runs before the first TypeScript file, which an older Node cannot load.
if (!process.features.typescript) {
  console.error('Bindery needs Node 22.18 or newer, and this is Node ' + process.versions.node + ': see https://nodejs.org');
  process.exit(1);
}
