// How the pages are built. Two entries: the portal and the editor. Nothing inline: the pages are served under a
// policy that runs no inline script and no inline style.
import { resolve } from 'node:path';
import { defineConfig } from 'vite';

const outDir = process.env.HAMEAU_WEB_OUT ?? resolve(__dirname, '../build/release/web');

export default defineConfig({
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
      input: { index: resolve(__dirname, 'index.html'), pad: resolve(__dirname, 'pad.html') },
      output: {
        // What both pages share is one file, so that a portal page stays within its eight requests.
        manualChunks: (id) =>
          /node_modules\/preact|src\/(common|i18n)\//.test(id) ? 'common' : undefined,
      },
    },
  },
});
