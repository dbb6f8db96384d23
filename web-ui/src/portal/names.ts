// Names that the machine needs, made from what a person typed, so that nobody has to think of them.

/** "Compte rendu du 12 mars" -> "compte-rendu-du-12-mars"; at most 60 characters. */
export function slugOf(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().replace(/œ/g, 'oe').replace(/æ/g, 'ae')
    .replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 60).replace(/-+$/, '');
}

/** The name by which a person is greeted. */
export const firstName = (name: string) => name.split(' ')[0] ?? name;

/** "Yann Kervella" -> "yann.kervella". */
export function loginOf(name: string): string {
  return slugOf(name).replace(/-/g, '.');
}
