// How the pages are built. Two entries: the portal and the editor. Nothing inline: the pages are served under a
// policy that runs no inline script and no inline style.
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const here = dirname(fileURLToPath(import.meta.url));
const outDir = process.env.HAMEAU_WEB_OUT ?? resolve(here, '../build/release/web');
const editor = existsSync(resolve(here, 'src/pad/main.tsx'));

export default defineConfig({
  root: here,
  base: '/',
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact', legalComments: 'none' },
  build: {
    outDir,
    emptyOutDir: true,
    target: ['chrome100', 'firefox100', 'safari15.4'],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    rollupOptions: {
      input: { index: resolve(here, 'index.html'), ...(editor ? { pad: resolve(here, 'pad.html') } : {}) },
      output: {
        // What both pages share is one file, so that a portal page stays within a few requests.
        manualChunks: (id) => /node_modules\/preact|src\/common\/|src\/i18n\/[a-z]{2}\.json/.test(id) ? 'common' : undefined,
      },
    },
  },
});
