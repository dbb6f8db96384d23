// A folder as one file to send: ustar with pax headers for long names. Nothing is read here: the archive is a list of
// pieces that the browser streams, so that a heavy folder costs no memory.
const block = 512;
const encoder = new TextEncoder();

export interface Entry { path: string; file: File }

function header(path: string, size: number, modified: number, type: '0' | 'x'): Uint8Array {
  const bytes = new Uint8Array(block);
  const put = (text: string, at: number, length: number) => bytes.set(encoder.encode(text).subarray(0, length), at);
  const octal = (value: number, digits: number) => `${Math.floor(value).toString(8).padStart(digits, '0')}\0`;
  put(path, 0, 100);
  put(octal(0o644, 7), 100, 8);
  put(octal(0, 7), 108, 8);
  put(octal(0, 7), 116, 8);
  put(octal(size, 11), 124, 12);
  put(octal(Math.max(0, modified / 1000), 11), 136, 12);
  put('        ', 148, 8);
  put(type, 156, 1);
  put('ustar\u000000', 257, 8);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  put(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 8);
  return bytes;
}

const padding = (size: number) => new Uint8Array((block - (size % block)) % block);

/** One pax record: its own length counts too. */
function record(key: string, value: string): Uint8Array {
  const rest = encoder.encode(` ${key}=${value}\n`).length;
  let length = rest + String(rest).length;
  if (rest + String(length).length !== length) length = rest + String(length).length;
  return encoder.encode(`${length} ${key}=${value}\n`);
}

export function archiveOf(entries: Entry[]): Blob {
  const parts: BlobPart[] = [];
  for (const { path, file } of entries) {
    const plain = encoder.encode(path).length === path.length && path.length <= 100;
    if (!plain) {
      const long = record('path', path);
      parts.push(header('pax', long.length, file.lastModified, 'x') as BlobPart, long as BlobPart, padding(long.length) as BlobPart);
    }
    parts.push(header(plain ? path : 'long', file.size, file.lastModified, '0') as BlobPart, file, padding(file.size) as BlobPart);
  }
  parts.push(new Uint8Array(2 * block));
  return new Blob(parts, { type: 'application/x-tar' });
}

/** What a system leaves behind, and what is no part of a site. */
const unwanted = /(^|\/)(\.DS_Store|Thumbs\.db|desktop\.ini|\.git|__MACOSX)(\/|$)/;

/** Without the folder that holds everything: "site/index.html" -> "index.html". */
export function withoutTop(entries: Entry[]): Entry[] {
  const wanted = entries.filter((entry) => !unwanted.test(entry.path));
  const top = wanted[0]?.path.split('/')[0] ?? '';
  const common = wanted.length > 0 && wanted.every((entry) => entry.path.startsWith(`${top}/`));
  return common ? wanted.map((entry) => ({ ...entry, path: entry.path.slice(top.length + 1) })) : wanted;
}

const files_max = 50_000;

/** All files below what was dropped. */
export async function droppedFiles(items: DataTransferItemList): Promise<Entry[]> {
  const found: Entry[] = [];
  const waiting = [...items].map((item) => item.webkitGetAsEntry()).filter((one): one is FileSystemEntry => one !== null);
  while (waiting.length > 0 && found.length < files_max) {
    const entry = waiting.shift()!;
    if (entry.isFile) {
      const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
      found.push({ path: entry.fullPath.replace(/^\//, ''), file });
    } else {
      const reader = (entry as FileSystemDirectoryEntry).createReader();
      for (;;) {
        const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
        if (some.length === 0) break;
        waiting.push(...some);
      }
    }
  }
  return found;
}

const archiveTypes: [RegExp, string][] = [
  [/\.zip$/i, 'application/zip'], [/\.(tgz|tar\.gz)$/i, 'application/gzip'], [/\.(tar\.zst|tzst)$/i, 'application/zstd'],
  [/\.tar$/i, 'application/x-tar'],
];
export function archiveType(name: string): string | null {
  return archiveTypes.find(([pattern]) => pattern.test(name))?.[1] ?? null;
}
