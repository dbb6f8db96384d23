// What the portal showed last of the texts, kept on a person's own computer for the pages without network: titles and who
// wrote last, never the words of a text. Written by the list of texts and by Home, read by pages/away.tsx. Belongs to one
// member; common/leaving.ts forgets it when the person leaves, when another signs in, and on a shared computer.
import type { Membership, Pad, Session } from '../common/api';
import { rememberedMember, seenKey } from '../common/leaving';

/** The browser gives 5 MB to the whole house, and nobody looks further without network. */
const texts_most = 500;

export type SeenText = Pick<Pad, 'id' | 'title' | 'updated' | 'updated_by'>;
export interface SeenList { name: string; at: number; texts: SeenText[] }
export interface Seen { member: string; name: string; lists: Record<string, SeenList> }

/** What the person who is here was shown last; null where nothing is kept. */
export function seenHere(): Seen | null {
  try {
    const seen = JSON.parse(localStorage.getItem(seenKey) ?? 'null') as Seen | null;
    return seen && seen.member === rememberedMember() ? seen : null;
  } catch {
    return null;
  }
}

/** The list that the house has just given. */
export function keepSeen(session: Session, { slug, name }: Membership, pads: Pad[]): void {
  // A list that arrives when the person has just left is not kept.
  if (session.shared_computer || rememberedMember() !== session.member) return;
  const texts = [...pads].sort((a, b) => b.updated.localeCompare(a.updated)).slice(0, texts_most)
    .map(({ id, title, updated, updated_by }) => ({ id, title, updated, updated_by }));
  const now = seenHere();
  // An association that the person has left since is not shown any more.
  const still = Object.entries(now?.lists ?? {}).filter(([one]) => session.associations.some((of) => of.slug === one));
  const seen: Seen = { member: session.member, name: session.name, lists: { ...Object.fromEntries(still), [slug]: { name, at: Date.now(), texts } } };
  try {
    localStorage.setItem(seenKey, JSON.stringify(seen));
  } catch {
    // A full or closed storage: the pages without network show less.
  }
}
