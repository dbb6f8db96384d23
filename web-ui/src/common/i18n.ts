// Texts in the reader's language. Every text stands in src/i18n: `common.fr.json` for what is common, `fr.json` for the
// portal, `pad.fr.json` for the editor and `pad-first.fr.json` for what it shows before the rest of it has come; each part
// adds its own with addTexts(). Another language is one more file of each.
// Never builds HTML: what it returns is plain text.
export type Catalogue = Record<string, string>;

const files = import.meta.glob<Catalogue>('../i18n/common.??.json', { eager: true, import: 'default' });
const catalogues: Record<string, Catalogue> = Object.fromEntries(
  Object.entries(files).map(([path, texts]) => [path.replace(/\.json$/, '').slice(-2), { ...texts }]),
);

/** Adds the texts of a part: `import.meta.glob('../i18n/pad.??.json', { eager: true, import: 'default' })`. */
export function addTexts(parts: Record<string, Catalogue>): void {
  for (const [path, texts] of Object.entries(parts)) {
    const tag = path.replace(/\.json$/, '').slice(-2);
    Object.assign(catalogues[tag] ??= {}, texts);
  }
}

export const languages = Object.keys(catalogues).sort((a, b) => (a === 'fr' ? -1 : b === 'fr' ? 1 : a.localeCompare(b)));
const storageKey = 'hameau.language';
/** The reader's own: local time. */
const timeZone = new Intl.DateTimeFormat().resolvedOptions().timeZone;

function kept(): string | null {
  try {
    return sessionStorage.getItem(storageKey) ?? localStorage.getItem(storageKey);
  } catch {
    return null;
  }
}

function wanted(): string {
  for (const tag of [kept(), ...navigator.languages]) {
    const short = tag?.slice(0, 2).toLowerCase();
    if (short && catalogues[short]) return short;
  }
  return 'fr';
}

export const language = wanted();
document.documentElement.lang = language;

/** Keeps the choice (in this tab only on a shared computer) and shows the page in it. */
export function chooseLanguage(name: string, shared: boolean): void {
  try {
    (shared ? sessionStorage : localStorage).setItem(storageKey, name);
    if (!shared) sessionStorage.removeItem(storageKey);
  } catch {
    // Without storage the choice cannot be kept: the browser's own language stays.
  }
  location.reload();
}

/** French spaces: narrow before ; ! ?, full before : and inside « ». */
export function typography(text: string): string {
  if (language !== 'fr') return text;
  return text
    .replace(/ ([;!?])/g, '\u202f$1')
    .replace(/ ([:»%])/g, '\u00a0$1')
    .replace(/« /g, '«\u00a0')
    .replace(/(\d) (Ko|Mo|Go|octets?|h|min|kg|g)\b/g, '$1\u00a0$2')
    .replace(/'/g, '’');
}

export type Parameters = Record<string, string | number>;

export function has(key: string): boolean {
  return key in (catalogues[language] ?? {});
}

/** Begins with a vowel, a mute h (Hélène, Henri, Hubert; not Hassan), or a y that is one (Yves; not Yann). */
const vowel_first = /^(?:[aeiouàâäéèêëîïôöùûüœæ]|y(?![aeiouàâäéèêëîïôöùûü])|h(?:é|e[lnr]|i[lp]|o[nr]|u[bg]|y))/i;
/** "boîte de {name}" is "boîte d'Anne": the French catalogue writes "de", the name decides. */
function elided(text: string, parameters: Parameters): string {
  if (language !== 'fr') return text;
  return text.replace(/(^|[\s'’(])([dD])e (?=\{(\w+)\})/g, (whole, before: string, d: string, name: string) =>
    (vowel_first.test(String(parameters[name] ?? '')) ? `${before}${d}’` : whole));
}

/** The text of a key; `{name}` stands for a parameter. */
export function t(key: string, parameters: Parameters = {}): string {
  const text = catalogues[language]?.[key] ?? catalogues['fr']?.[key] ?? key;
  const filled = typography(elided(text, parameters)).replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = parameters[name];
    return value === undefined ? whole : typeof value === 'number' ? number(value) : value;
  });
  return filled;
}

const plural = new Intl.PluralRules(language);
/** Like t(), with `key.one` or `key.other`, and `key.zero` where there is one. */
export function tn(key: string, n: number, parameters: Parameters = {}): string {
  const form = n === 0 && has(`${key}.zero`) ? 'zero' : plural.select(n) === 'one' ? 'one' : 'other';
  return t(`${key}.${form}`, { n, ...parameters });
}

export function number(value: number): string {
  return new Intl.NumberFormat(language).format(value);
}

export function size(bytes: number): string {
  // French counts from two on: "0 octet"; English has one "byte" only.
  if (bytes === 1 || (bytes === 0 && language === 'fr')) return `${number(bytes)}\u00a0${language === 'fr' ? 'octet' : 'byte'}`;
  const units = language === 'fr' ? ['octets', 'Ko', 'Mo', 'Go', 'To'] : ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  let value = bytes;
  while (value >= 1000 && unit < units.length - 1) {
    value /= unit === 0 ? 1000 : 1000;
    unit += 1;
  }
  const digits = unit > 1 && value < 10 ? 1 : 0;
  return `${new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value)}\u00a0${units[unit]}`;
}

/** "Marie, Yann et Annick". */
export function list(names: string[]): string {
  return new Intl.ListFormat(language, { type: 'conjunction' }).format(names);
}

const dayKey = (date: Date) => new Intl.DateTimeFormat('en-CA', { timeZone }).format(date);

/** "14 h 02" in French, the language's own way in others. */
export function clock(iso: string | number): string {
  return new Intl.DateTimeFormat(language, { timeZone, hour: 'numeric', minute: '2-digit' })
    .format(new Date(iso))
    .replace(':', language === 'fr' ? '\u00a0h\u00a0' : ':');
}

/** "aujourd'hui à 14 h 02", "hier à 9 h 10", "le 12 mars". */
export function when(iso: string | number, now = new Date()): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return '';
  const time = clock(iso);
  const days = Math.round((Date.parse(dayKey(now)) - Date.parse(dayKey(date))) / 86_400_000);
  if (days === 0) return t('date.today', { time });
  if (days === 1) return t('date.yesterday', { time });
  return t('date.on', { date: day(iso, now) });
}

/** Like when(), with the time of any day: "le 12 mars à 14 h 02". */
export function moment(iso: string | number, now = new Date()): string {
  const near = when(iso, now);
  return near === t('date.on', { date: day(iso, now) }) ? t('date.on_at', { date: day(iso, now), time: clock(iso) }) : near;
}

/** "12 mars", with the year when it is another one. */
export function day(iso: string | number, now = new Date()): string {
  const date = new Date(iso);
  const sameYear = dayKey(date).slice(0, 4) === dayKey(now).slice(0, 4);
  return new Intl.DateTimeFormat(language, {
    timeZone, day: 'numeric', month: 'long', ...(sameYear ? {} : { year: 'numeric' as const }),
  }).format(date);
}

/** The language's name in that language. */
export function languageName(tag: string): string {
  const name = new Intl.DisplayNames(tag, { type: 'language' }).of(tag) ?? tag;
  return name.charAt(0).toLocaleUpperCase(tag) + name.slice(1);
}
