// The editor's modules without its page, for tests under Node: `const { Y, schema, bind, ... } = await padModules()`. All
// libraries come from web-ui/node_modules, each once (nodes and shared types of two copies do not mix).
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const web = resolve(dirname(fileURLToPath(import.meta.url)), '..');
export const requireWeb = createRequire(join(web, 'package.json'));

const entry = `
export * from './schema'; export * from './binding'; export * from './undo'; export * from './lines/form'; export * from './lines/hash';
export * from './lines/flatten'; export * from './lines/build'; export * from './lines/read'; export * from './lines/compare';
export * from './lines/model'; export * from './lines/redraw'; export * from './commands'; export * from './keys'; export { whole, tables as tablePlugin } from './tables';
export * as Y from 'yjs'; export * as state from 'prosemirror-state'; export * as model from 'prosemirror-model';
export * as commands from 'prosemirror-commands'; export * as tables from 'prosemirror-tables'; export * as transform from 'prosemirror-transform';
`;

/** `more`: lines of `export` that a test wants besides. */
export async function padModules(more = '') {
  const { build } = requireWeb('esbuild');
  const folder = mkdtempSync(join(tmpdir(), 'hameau-pad-'));
  const outfile = join(folder, 'pad.mjs');
  try {
    await build({
      stdin: { contents: entry + more, resolveDir: join(web, 'src/pad'), loader: 'ts' }, bundle: true, format: 'esm', platform: 'node', target: 'node18',
      outfile, logLevel: 'error', sourcemap: 'inline',
      plugins: [{
        name: 'libraries',
        setup(one) {
          one.onResolve({ filter: /^[a-z@]/ }, ({ path }) => ({ path: pathToFileURL(requireWeb.resolve(path)).href, external: true }));
        },
      }],
    });
    return await import(pathToFileURL(outfile).href);
  } finally {
    if (!process.env.HAMEAU_KEEP) rmSync(folder, { recursive: true });
  }
}
