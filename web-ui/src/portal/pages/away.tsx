// Without network, on a person's own computer: what was there when the house last answered, and which texts open all the
// same. Shown by main.tsx in place of Home and the list of texts, and by the list of texts itself when the network goes.
// Offers nothing that needs the house.
import { copiesHere, type Copy } from '../../common/leaving';
import { useLoad } from '../../common/hooks';
import { moment, t, tn } from '../../common/i18n';
import { Loading, Notice, Phrase } from '../../common/parts';
import { type Seen, seenHere, type SeenText } from '../seen';
import { firstName } from '../names';
import { lastWritten } from '../written';

interface Openable { id: string; title: string; unsaved: boolean; seen: SeenText | undefined }

function openable(seen: Seen | null, copies: Copy[]): Openable[] {
  const known = Object.values(seen?.lists ?? {}).flatMap((one) => one.texts);
  return copies.map(({ pad, title, unsaved }) => {
    const one = known.find((text) => text.id === pad);
    return { id: pad, title: one?.title || title, unsaved, seen: one };
  }).filter((one) => one.title).sort((a, b) => (b.seen?.updated ?? '').localeCompare(a.seen?.updated ?? ''));
}

/** The texts of this computer: first those that open, then those that have to wait for the network. */
export function KeptTexts() {
  const seen = seenHere();
  const copies = useLoad('copies', copiesHere);
  if (!copies.data) return <Loading />;
  const open = openable(seen, copies.data);
  const lists = Object.entries(seen?.lists ?? {});
  const waiting = lists.map(([slug, list]) => ({ slug, ...list, texts: list.texts.filter((text) => !open.some((one) => one.id === text.id)) }))
    .filter((list) => list.texts.length > 0);
  return (
    <>
      <section aria-labelledby="kept-texts">
        <h2 id="kept-texts">{t('away.open')}</h2>
        {open.length === 0 ? <Phrase light="asleep">{t('away.open_none')}</Phrase> : (
          <ul class="rows">
            {open.map((one) => (
              <li key={one.id}>
                <div>
                  <a class="row-title" href={`/pads/${one.id}`}>{one.title}</a>
                  {one.seen && <p class="soft">{lastWritten(one.seen, seen?.name)}</p>}
                  {one.unsaved && <p class="soft">{t('away.unsaved')}</p>}
                </div>
              </li>
            ))}
          </ul>
        )}
      </section>
      {waiting.map((list) => (
        <section key={list.slug} aria-labelledby={`waiting-${list.slug}`}>
          <h2 id={`waiting-${list.slug}`}>{t(lists.length > 1 ? 'away.waiting_of' : 'away.waiting', { name: list.name })}</h2>
          <p class="soft">{tn('away.waiting_count', list.texts.length, { when: moment(list.at) })}</p>
          <ul class="rows">
            {list.texts.map((text) => <li key={text.id}><div><p class="row-title">{text.title}</p><p class="soft">{lastWritten(text, seen?.name)}</p></div></li>)}
          </ul>
        </section>
      ))}
    </>
  );
}

/** When the house last answered. */
export function AwayNotice({ seen }: { seen: Seen | null }) {
  const last = Math.max(0, ...Object.values(seen?.lists ?? {}).map((list) => list.at));
  return <Notice tone="attention"><p>{last > 0 ? t('away.notice', { when: moment(last) }) : t('away.notice_never')}</p></Notice>;
}

export function Away({ path }: { path: string }) {
  const seen = seenHere();
  return (
    <>
      <h1 tabIndex={-1}>{path === '/' && seen ? t('home.hello', { name: firstName(seen.name) }) : t('nav.pads')}</h1>
      <AwayNotice seen={seen} />
      <p class="verbs"><button type="button" class="button main" onClick={() => location.reload()}>{t('again')}</button></p>
      <KeptTexts />
    </>
  );
}
