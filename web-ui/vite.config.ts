// How the pages are built. Two entries: the portal and the editor. Nothing inline: the pages are served under a
// policy that runs no inline script and no inline style.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

const here = dirname(fileURLToPath(import.meta.url));
const outDir = process.env.HAMEAU_WEB_OUT ?? resolve(here, '../build/release/web');

/** The editor's page names the paper, which the small file calls first: one round trip less. */
const editorAhead: Plugin = {
  name: 'editor-ahead',
  transformIndexHtml: {
    order: 'post',
    handler(html, { bundle, path }) {
      if (!path.endsWith('pad.html') || !bundle) return html;
      const editor = Object.values(bundle).find((one) => one.type === 'chunk' && one.moduleIds.some((id) => id.endsWith('/pad/paper.ts')));
      if (editor?.type !== 'chunk') throw new Error('the paper is in no chunk');
      const links = [editor.fileName, ...editor.imports.filter((name) => !html.includes(name))];
      // After the small file, which is to have the connection that is open already.
      return html.replace('</head>', `${links.map((name) => `  <link rel="modulepreload" crossorigin href="/${name}">\n`).join('')}</head>`);
    },
  },
};

/** /sw.js: pad/worker.js with the names of all files that portal and editor may load, and a version made of them. */
const offlineEditor: Plugin = {
  name: 'offline-editor',
  apply: 'build',
  generateBundle: {
    order: 'post',
    handler(_options, bundle) {
      const files = new Set<string>();
      const follow = (name: string) => {
        const chunk = bundle[name];
        if (files.has(name) || chunk?.type !== 'chunk') return;
        files.add(name);
        for (const style of chunk.viteMetadata?.importedCss ?? []) files.add(style);
        for (const next of [...chunk.imports, ...chunk.dynamicImports]) follow(next);
      };
      for (const entry of ['index', 'pad']) follow(Object.values(bundle).find((one) => one.type === 'chunk' && one.isEntry && one.name === entry)!.fileName);
      const names = JSON.stringify([...files].sort().map((name) => `/${name}`));
      const worker = readFileSync(resolve(here, 'src/pad/worker.js'), 'utf8');
      const version = createHash('sha256').update(names).update(worker).update(readFileSync(resolve(here, 'pad.html'))).update(readFileSync(resolve(here, 'index.html'))).digest('hex').slice(0, 16);
      this.emitFile({ type: 'asset', fileName: 'sw.js', source: `const VERSION = '${version}';\nconst FILES = ${names};\n${worker}` });
    },
  },
};

// What both pages show at once is one file; what only the portal and the editor's later parts share goes with the portal.
const words = /src\/common\/i18n\.|src\/i18n\/common\.[a-z]{2}\.json/;
const shared = /node_modules\/preact|src\/common\/(api|hooks|leaving|signs)\./;
const shared_later = /src\/common\//;

export default defineConfig({
  root: here,
  base: '/',
  plugins: [editorAhead, offlineEditor],
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact', legalComments: 'none' },
  build: {
    outDir,
    emptyOutDir: true,
    target: ['chrome100', 'firefox100', 'safari15.4'],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    rollupOptions: {
      input: { index: resolve(here, 'index.html'), pad: resolve(here, 'pad.html') },
      output: {
        manualChunks: (id) => (words.test(id) ? 'words' : shared.test(id) ? 'common' : shared_later.test(id) ? 'parts' : undefined),
      },
    },
  },
});
