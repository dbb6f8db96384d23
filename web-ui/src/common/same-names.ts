// People of one name, told apart. Used wherever a person is shown to be chosen: lists, groups, access to a text.
// Never calls the API: it compares the names of a list that is already there.
export interface Named { name: string; login: string; mailbox?: string }

/** A name for comparing and for searching: without case and accents. */
export const plain = (text: string) => text.normalize('NFD').replace(/\p{M}/gu, '').toLocaleLowerCase().replace(/\s+/g, ' ').trim();

/** Of each login, what stands behind the name: the address (or the login) where others have the same name, else nothing. */
export function marksOf(people: Named[]): Map<string, string> {
  const count = new Map<string, number>();
  for (const one of people) count.set(plain(one.name), (count.get(plain(one.name)) ?? 0) + 1);
  return new Map(people.map((one) => [one.login, (count.get(plain(one.name)) ?? 0) > 1 ? one.mailbox ?? one.login : '']));
}

/** "Paul Le Goff", or "Paul Le Goff (paul.le.goff2@amis.test)" where another person has this name. */
export function shownNames(people: Named[]): (login: string) => string {
  const marks = marksOf(people);
  const names = new Map(people.map((one) => [one.login, one.name]));
  return (login) => {
    const mark = marks.get(login);
    return mark ? `${names.get(login)} (${mark})` : names.get(login) ?? login;
  };
}
