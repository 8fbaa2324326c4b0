import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const fileOf = (name: string): string => fileURLToPath(new URL(`page/${name}`, import.meta.url));

let bundled: Promise<string> | undefined;

/** The script of the page. A clone makes it at the first request, so that a start does not wait for it; the package has it. */
export async function script(): Promise<string> {
  const made = fileOf('main.js');
  if (existsSync(made)) return readFileSync(made, 'utf8');
  bundled ??= bundlePage();
  return bundled;
}

export const style = (): string => readFileSync(fileOf('style.css'), 'utf8');

export async function bundlePage(): Promise<string> {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [fileOf('main.tsx')],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  return outputFiles[0]?.text ?? '';
}

/** The page. Nothing in it is inline, so that its policy can forbid all that is. */
export const HTML = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Bindery</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/console/style.css">
<script type="module" src="/console/page.js"></script>
<body><div id="page"></div></body>
</html>
`;
