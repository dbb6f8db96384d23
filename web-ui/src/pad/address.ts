// What the address of this page says (which text, and with which key), and how its parts are fetched.

/** The id of the text, or "ASSOCIATION:NAME". */
export const nameIn = (path: string) => decodeURIComponent(path.replace(/^\/pads\//, '').replace(/\/$/, ''));

/** "#key=KEY" or "#KEY". */
export const keyIn = (hash: string) => decodeURIComponent(hash.replace(/^#(key=)?/, ''));

export function socketAddress(id: string, key: string): string {
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
  return `${scheme}//${location.host}/api/v1/pads/ws/${encodeURIComponent(id)}?hameau=1${key ? `&key=${encodeURIComponent(key)}` : ''}`;
}

const again_ms = 3_000;

/** A part of the editor, however often the network has to be tried for it. */
export async function insist<T>(load: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await load();
    } catch {
      await new Promise((done) => { setTimeout(done, again_ms); });
    }
  }
}
