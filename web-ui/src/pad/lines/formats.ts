// The formats in force at a place of the shared text, bounded: each run of text copies them, so that thousands of them in a
// small text would hang whoever opens it. The house leaves out the same ones (modules/pads/crdt/document.hpp): the page and an
// export show the same. Never throws, never changes what it was given.
import type * as Y from 'yjs';
import type { Values } from './form';

const formats_max = 64;                 // attributes_max
const bytes_max = 16 * 1024;            // attribute_bytes_max: keys and values together
const depth_max = 64;                   // of a value; deeper ones mean nothing here

/** Bytes of `text` in UTF-8; a lone half of a pair counts as U+FFFD. */
function bytesOf(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) bytes += 1;
    else if (unit < 0x800) bytes += 2;
    else if (unit >= 0xd800 && unit < 0xdc00 && text.charCodeAt(i + 1) >= 0xdc00 && text.charCodeAt(i + 1) < 0xe000) {
      bytes += 4;
      i += 1;
    } else bytes += 3;
  }
  return bytes;
}

/** As the house writes a string in JSON: `\"`, `\\`, `\u000a`. */
function quoted(text: string): number {
  let more = 0;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    more += unit < 0x20 ? 5 : unit === 0x22 || unit === 0x5c ? 1 : 0;
  }
  return 2 + bytesOf(text) + more;
}

/** As the house writes a number: the shorter one of 100000 and 1e+05. */
const digits = (number: number) => Math.min(String(number).length, number.toExponential().replace(/e([+-])(\d)$/, 'e$10$2').length);

/** Bytes of this value as JSON; no more are counted than there may be. */
function size(value: unknown): { bytes: number; deep: boolean } {
  let bytes = 0;
  let deep = false;
  const left: [value: unknown, depth: number][] = [[value, 0]];
  for (let next = left.pop(); next && bytes <= bytes_max; next = left.pop()) {
    const [one, depth] = next;
    if (typeof one === 'string') bytes += quoted(one);
    else if (typeof one === 'number') bytes += digits(one);
    else if (typeof one !== 'object' || one === null) bytes += String(one).length;
    else {
      deep ||= depth > depth_max;
      const keys = Array.isArray(one) ? null : Object.keys(one);
      const count = keys?.length ?? (one as unknown[]).length;
      bytes += 2 + Math.max(0, count - 1);
      for (let i = 0; i < count && bytes <= bytes_max; i += 1) {
        if (keys) bytes += quoted(keys[i]!) + 1;
        left.push([keys ? (one as Values)[keys[i]!] : (one as unknown[])[i], depth + 1]);
      }
    }
  }
  return { bytes, deep };
}

/** Bytes of all formats in force, and of each. */
interface Weight { bytes: number; of: Map<string, number> }
const weights = new WeakMap<Values, Weight>();

/** `formats` after this formatting item; never the same object changed. */
export function formatted(formats: Values, { key, value }: Y.ContentFormat): Values {
  const none = value === null || value === undefined;
  const of = new Map(weights.get(formats)?.of);
  let bytes = weights.get(formats)?.bytes ?? 0;
  // `__proto__` is a key like others.
  const next = Object.assign(Object.create(null) as Values, formats);
  const before = of.get(key);
  if (before !== undefined) {
    bytes -= before;
    of.delete(key);
    delete next[key];
  }
  const { bytes: more, deep } = none ? { bytes: 0, deep: false } : size(value);
  const all = bytesOf(key) + more;
  if (!none && of.size < formats_max && bytes + all <= bytes_max) {
    next[key] = deep ? {} : value;
    of.set(key, all);
    bytes += all;
  }
  weights.set(next, { bytes, of });
  return next;
}
