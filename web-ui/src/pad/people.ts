// Who is here and who wrote: names come from the house's roster only, never from what a browser says of itself.
// Each person gets one of eight colours with its own underline, the same for everybody who is looking.
import type { Awareness } from 'y-protocols/awareness';
import { t } from '../common/i18n';
import type { Person, Roster } from './provider';

export const colours = 8;
export interface Known extends Person { key: string; colour: number }
export interface Present extends Known { clients: number[]; away: boolean; me: boolean }

const guest_name_max = 40;
export const guestName = (text: string) => text.replace(/[\p{C}\s]+/gu, ' ').trim().slice(0, guest_name_max);

const keyOf = (person: Person) => (person.login ? `login ${person.login}` : `name ${person.name}`);

function preferred(key: string): number {
  let hash = 2166136261;
  for (const unit of key) hash = Math.imul(hash ^ unit.codePointAt(0)!, 16777619);
  return (hash >>> 0) % colours;
}

/** The wish of each, in the order of their names; who comes late to a taken colour gets the next free one. */
function shareOut(keys: string[], taken: Map<string, number>): void {
  for (const key of [...keys].sort()) {
    if (taken.has(key)) continue;
    const used = new Set(taken.values());
    let colour = preferred(key);
    for (let turn = 0; turn < colours && used.has(colour); turn += 1) colour = (colour + 1) % colours;
    taken.set(key, colour);
  }
}

export class People {
  roster: Roster | null = null;
  private authors = new Map<number, Person>();
  private given = new Map<string, number>();

  constructor(private readonly awareness: Awareness) {}

  setRoster(roster: Roster): void {
    this.roster = roster;
    shareOut([...new Set(Object.values(roster.clients).map(keyOf))], this.given);
  }

  setAuthors(clients: Record<string, Person>): void {
    this.authors = new Map(Object.entries(clients).map(([id, person]) => [Number(id), person]));
    shareOut([...new Set([...this.authors.values()].filter((one) => one.name).map(keyOf))], this.given);
  }

  /** The verified person behind a client id; null: nobody known (a template, somebody of before). A guest may say a
   * name, which is shown as what it is: a guest's word. */
  of(client: number): Known | null {
    const person = this.roster?.clients[String(client)] ?? this.authors.get(client)
      ?? (client === this.awareness.clientID ? this.roster?.you : undefined);
    if (!person?.name) return null;
    const key = keyOf(person);
    const state = this.awareness.getStates().get(client) as { user?: { guest?: unknown } } | undefined;
    const said = person.login || typeof state?.user?.guest !== 'string' ? '' : guestName(state.user.guest);
    return { login: person.login, name: said ? t('pad.guest.named', { name: said }) : person.name, key, colour: this.given.get(key) ?? preferred(key) };
  }

  /** As of(), where nobody is asked who it is. */
  colourOf(person: Person): number {
    const key = keyOf(person);
    return this.given.get(key) ?? preferred(key);
  }

  knows(client: number): boolean {
    return this.of(client) !== null || this.authors.has(client);
  }

  /** One entry for each person, though they may look from two places; oneself first. */
  present(): Present[] {
    const found = new Map<string, Present>();
    for (const [client, state] of this.awareness.getStates()) {
      const person = this.of(client);
      if (!person) continue;
      const me = client === this.awareness.clientID;
      const key = me && !person.login ? `me ${person.key}` : person.key;
      const away = (state as { away?: boolean }).away === true;
      const one = found.get(key) ?? { ...person, key, clients: [], away: true, me: false };
      one.clients.push(client);
      one.away = one.away && away;
      one.me = one.me || me;
      found.set(key, one);
    }
    return [...found.values()].sort((a, b) => Number(b.me) - Number(a.me) || a.name.localeCompare(b.name));
  }
}
