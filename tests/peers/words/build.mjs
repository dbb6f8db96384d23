// Bundles the simulator with the page's own sources and packages; y-prosemirror comes from tests/peers/pads. Says where the file is.
import { createRequire } from 'node:module';
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const web = resolve(here, '../../../web-ui');
const peers = resolve(here, '../pads/node_modules');
const require = createRequire(join(web, 'package.json'));
const { build } = require('esbuild');
const out = process.argv[2] ?? join(here, 'build');
mkdirSync(out, { recursive: true });

const packages = {
  name: 'packages',
  setup(it) {
    it.onResolve({ filter: /web-ui\/src\/pad\// }, ({ path }) => ({ path: join(pad, `${path.split('/src/pad/')[1]}.ts`) }));
    it.onResolve({ filter: /^[a-z@][^:]*$/ }, async ({ path, kind, pluginData }) => {
      if (pluginData === 'known' || path.startsWith('node:')) return undefined;
      const from = path === 'y-prosemirror' ? dirname(peers) : web;
      return it.resolve(path, { kind, resolveDir: from, pluginData: 'known' });
    });
  },
};
// HAMEAU_PAD: sources of another checkout.
const pad = process.env.HAMEAU_PAD ?? join(web, 'src/pad');
if (!existsSync(join(pad, 'binding.ts'))) throw new Error(`no binding in ${pad}`);
await build({
  entryPoints: { words: join(here, 'main.mjs'), 'old-copy': join(here, 'old-copy.mjs'), hostile: join(here, 'hostile.mjs'), cases: join(here, 'cases.mjs'), ways: join(here, 'ways.mjs') }, outdir: out, outExtension: { '.js': '.mjs' }, bundle: true, platform: 'node', format: 'esm',
  target: 'node18', logLevel: 'warning', sourcemap: process.env.HAMEAU_MAP ? 'inline' : false, plugins: [packages], loader: { '.css': 'empty' }, legalComments: 'none',
  define: { 'import.meta.glob': 'globalThis.noGlob' },
});
console.log(join(out, 'words.mjs'));
