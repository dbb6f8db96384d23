// The top of the page: where one is, the title, what is saved, who is here, sharing, the menu; and what must be said.
import { useEffect, useRef, useState } from 'preact/hooks';
import { call, type Pad, Problem } from '../common/api';
import { list, t } from '../common/i18n';
import { Logo, Notice, Window } from '../common/signs';
import { Menu, type MenuItem } from './menu';
import type { Panel } from './panel';
import type { Present } from './people';
import type { Visit } from './session';

const names_shown = 2;

function peopleText(others: Present[]): string {
  if (others.length === 0) return t('pad.people.alone');
  const names = others.slice(0, names_shown).map((one) => one.name);
  const more = others.length - names.length;
  return list(more > 0 ? [...names, t('pad.people.more', { n: more })] : names);
}

/** The title: a heading for who reads, a field for who may rename. */
function Title({ visit }: { visit: Visit }) {
  const pad = visit.pad!;
  const [typed, setTyped] = useState(pad.title);
  const [error, setError] = useState('');
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => { if (document.activeElement !== field.current) setTyped(pad.title); }, [pad.title]);
  const keep = async () => {
    const title = typed.trim();
    if (!title || title === pad.title) {
      setTyped(pad.title);
      return setError('');
    }
    try {
      visit.setPad(await call<Pad>('PATCH', `/api/v1/pads/${pad.id}`, { title }));
      setError('');
      visit.say(t('pad.renamed'));
    } catch (problem) {
      setError(problem instanceof Problem ? problem.detail : t('error.other'));
    }
  };
  if (!visit.writes || !visit.session || !pad.url) return <h1 class="pad-title">{pad.title}</h1>;
  return (
    <div class="pad-title">
      <h1 class="hidden">{pad.title}</h1>
      <input ref={field} value={typed} aria-label={t('pad.title')} maxLength={200} autocomplete="off" enterKeyHint="done"
        aria-invalid={error ? 'true' : 'false'} {...(error ? { 'aria-describedby': 'title-error' } : {})}
        onInput={(event) => setTyped(event.currentTarget.value)} onBlur={() => void keep()}
        onKeyDown={(event) => {
          if (event.key === 'Enter') {
            event.preventDefault();
            void keep();
            document.getElementById('text')?.focus();
          } else if (event.key === 'Escape') {
            setTyped(pad.title);
            setError('');
          }
        }} />
      {error && <p class="error" id="title-error" role="alert">{error}</p>}
    </div>
  );
}

interface HeaderProps {
  visit: Visit; colours: boolean; outline: boolean; onPanel: (panel: Panel) => void; onFind: () => void; onOutline: () => void; onColours: () => void;
}

export function Header({ visit, colours, outline, onPanel, onFind, onOutline, onColours }: HeaderProps) {
  const { pad, session } = visit;
  const others = visit.people.present().filter((one) => !one.me);
  const items: MenuItem[] = [
    { label: t('pad.outline'), kind: 'check', checked: outline, act: onOutline },
    { label: t('pad.find.title'), act: onFind, keys: `${t('pad.ctrl')} F` },
    { label: t('pad.authors'), kind: 'check', checked: colours, act: onColours },
    { label: t('pad.count'), act: () => onPanel('count') },
    ...(session ? [{ label: t('pad.history'), act: () => onPanel('history'), separated: true }] : []),
    { label: t('pad.export'), act: () => onPanel('export'), separated: !session },
    { label: t('pad.keys'), act: () => onPanel('keys'), separated: true, keys: `${t('pad.ctrl')} /` },
    ...(session ? [{ label: t('pad.all'), act: () => location.assign('/pads') }, { label: t('title.help'), act: () => location.assign('/help') }] : []),
  ];
  const lit = others.some((one) => !one.away);
  return (
    <div class="pad-head">
      <a class="home" href={session ? '/pads' : '/'} aria-label={t(session ? 'pad.all' : 'not_found.home')}><Logo /></a>
      {pad ? <Title visit={visit} /> : <h1 class="pad-title hidden">{t('loading')}</h1>}
      {visit.ready && <p class={`saving ${visit.saving}`}>{t(`pad.state.${visit.saving}`)}</p>}
      {visit.ready && (
        <span class="head-verbs">
          <button type="button" class="people-button" onClick={() => onPanel('people')}>
            <Window light={lit ? 'lit' : 'asleep'} /> <span class="hidden">{t('pad.people.button')}</span>
            <span class="people-names">{peopleText(others)}</span><span class="people-count" aria-hidden="true">{others.length}</span>
          </button>
          {session && <button type="button" class="button main share-button" onClick={() => onPanel('share')}>{t('pads.share')}</button>}
          <Menu name={t('pad.menu')} label={<span>{t('pad.menu')}</span>} class="button outlined" items={items} end />
        </span>
      )}
    </div>
  );
}

export function Notices({ visit, said, onSeen }: { visit: Visit; said: string; onSeen: () => void }) {
  return (
    <>
      {visit.ready && !visit.writes && <Notice tone="attention"><p>{t(visit.lostWords ? 'pad.lost_words' : 'pad.read_only')}</p></Notice>}
      {visit.denied && visit.writes && <Notice tone="serious"><p>{visit.denied}</p></Notice>}
      {visit.unkept && visit.writes && <Notice tone="serious"><p role="alert">{t('pad.copy.failing')}</p></Notice>}
      {visit.notice && <Notice tone="attention"><p>{visit.notice}</p>
        <p><button type="button" class="button outlined" onClick={() => visit.forgetNotice()}>{t('close')}</button></p></Notice>}
      {said && <Notice tone="serious"><p>{said}</p><p><button type="button" class="button outlined" onClick={onSeen}>{t('close')}</button></p></Notice>}
    </>
  );
}
