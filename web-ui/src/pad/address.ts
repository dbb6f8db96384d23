// What the address of this page says (which text, and with which key), and how its parts are fetched.

/** The id of the text, or "ASSOCIATION:NAME". */
export const nameIn = (path: string) => decodeURIComponent(path.replace(/^\/pads\//, '').replace(/\/$/, ''));

/** "#key=KEY" or "#KEY". */
export const keyIn = (hash: string) => decodeURIComponent(hash.replace(/^#(key=)?/, ''));

const guestKey = 'hameau.guest';
/** The name that a guest said, for as long as this tab is open. */
export function guestHere(): string {
  try {
    return sessionStorage.getItem(guestKey) ?? '';
  } catch {
    return '';
  }
}
export function keepGuest(name: string): void {
  try {
    sessionStorage.setItem(guestKey, name);
  } catch {
    // Then it is asked for again.
  }
}

/** The form of the shared text that this page knows (docs/pads-format.md). */
const form = 2;

/** `member`: whose words would be sent over it; the house refuses when somebody else is signed in. */
export function socketAddress(id: string, key: string, member = ''): string {
  const guest = key ? guestHere() : '';
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
  return `${scheme}//${location.host}/api/v1/pads/ws/${encodeURIComponent(id)}?hameau=${form}${key ? `&key=${encodeURIComponent(key)}` : ''}${guest ? `&guest=${encodeURIComponent(guest)}` : ''}${member ? `&member=${encodeURIComponent(member)}` : ''}`;
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
