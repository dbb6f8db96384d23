// The names of marks in the shared text. A mark that may stand several times on one sign with different attributes (a
// comment) has a hash behind its name; the same as y-prosemirror's, so that marks of carried texts keep their names.
import * as buffer from 'lib0/buffer';
import * as sha256 from 'lib0/hash/sha256';
import type { Mark } from 'prosemirror-model';
import type { Values } from './form';

const hash_bytes = 6;

function hashOf(json: unknown): string {
  const digest = sha256.digest(buffer.encodeAny(json));
  for (let i = hash_bytes; i < digest.length; i += 1) digest[i % hash_bytes]! ^= digest[i]!;
  return buffer.toBase64(digest.slice(0, hash_bytes));
}

const hashedKey = (mark: Mark) => `${mark.type.name}--${hashOf(mark.toJSON())}`;
export const markKey = (mark: Mark): string => (mark.type.excludes(mark.type) || !mark.type.spec.attrs ? mark.type.name : hashedKey(mark));

/** Formatting attributes for these marks. */
export function attributesOf(marks: readonly Mark[]): Values {
  const attributes: Values = {};
  for (const mark of marks) attributes[markKey(mark)] = mark.attrs;
  return attributes;
}

/** What turns the one set of marks into the other. Null when nothing does. */
export function formatChange(from: readonly Mark[], to: readonly Mark[]): Values | null {
  let change: Values | null = null;
  for (const mark of from) {
    if (mark.isInSet(to)) continue;
    (change ??= {})[markKey(mark)] = null;
    // Whoever carried a text over may have kept y-prosemirror's name.
    if (!mark.type.excludes(mark.type)) change[hashedKey(mark)] = null;
  }
  for (const mark of to) if (!mark.isInSet(from)) (change ??= {})[markKey(mark)] = mark.attrs;
  return change;
}
