// Writes .br and .gz siblings of the built files, so that the server only has to send them.
// A sibling that is not smaller is left out. Run after the build; touches nothing outside the folder it is given.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, extname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(process.env.HAMEAU_WEB_OUT ?? join(here, '../../build/release/web'));
const texts = new Set(['.html', '.js', '.css', '.json', '.svg', '.txt', '.webmanifest']);

function* files(folder) {
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* files(path);
    else if (texts.has(extname(name))) yield path;
  }
}

for (const path of files(root)) {
  const plain = readFileSync(path);
  const br = brotliCompressSync(plain, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length },
  });
  const gz = gzipSync(plain, { level: 9 });
  if (br.length < plain.length) writeFileSync(`${path}.br`, br);
  if (gz.length < plain.length) writeFileSync(`${path}.gz`, gz);
  console.log(`${relative(root, path)}: ${plain.length} bytes, brotli ${br.length}, gzip ${gz.length}`);
}
