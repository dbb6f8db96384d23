// What the menu opens: who is here, sharing, downloading, counting, links, the keys.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { EditorView } from 'prosemirror-view';
import { getFile, type Pad } from '../common/api';
import { useAction } from '../common/hooks';
import { number, t } from '../common/i18n';
import { Button, Field, ProblemNotice, Window } from '../common/parts';
import { Share } from '../common/share';
import { countsOf, linkAround, outlineOf, removeLink, setLink } from './commands';
import { goTo } from './editor';
import { headHeight, onHeadChange } from './head-room';
import { Dialog } from './menu';
import type { Present } from './people';
import { keptAddress } from './addresses';

const outline_beside = '(min-width: 78rem)';

interface Closable { onClose: () => void }

export function ShareDialog({ pad, onChanged, onClose }: Closable & { pad: Pad; onChanged: (pad: Pad) => void }) {
  const nothing = !pad.may_manage && pad.access.link === 'none';
  return (
    <Dialog title={t('pads.share')} onClose={onClose}>
      {nothing ? <p>{t('pad.share.not_yours')}</p> : <Share pad={pad} onChanged={onChanged} />}
    </Dialog>
  );
}

/** The title as the name of a file: without what some system refuses in one (modules/pads/api/file_name.hpp). */
const fileName = (title: string) => [...title.replace(/[\u0000-\u001f\u007f-\u009f\\/:*?"<>|\s]+/g, ' ')].slice(0, 60).join('').replace(/^[. ]+|[. ]+$/g, '');

const formats = [['odt', '.odt'], ['docx', '.docx'], ['html', '.html'], ['markdown', '.md'], ['text', '.txt']] as const;

export function ExportDialog({ pad, padKey, saved, onClose }: Closable & { pad: Pad; padKey: string; saved: boolean }) {
  const { busy, problem, run } = useAction();
  const take = (format: string, ending: string) => run(async () => {
    const blob = await getFile(`/api/v1/pads/${pad.id}/export?format=${format}`, padKey ? { 'Pad-Key': padKey } : {});
    const link = document.createElement('a');
    link.href = URL.createObjectURL(blob);
    link.download = `${fileName(pad.title) || pad.slug || 'texte'}${ending}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  });
  return (
    <Dialog title={t('pad.export')} onClose={onClose}>
      {!saved && <p class="soft">{t('pad.export.not_saved')}</p>}
      {problem && <ProblemNotice problem={problem} />}
      <ul class="export">
        {formats.map(([format, ending]) => (
          <li key={format}><button type="button" class="button outlined" aria-disabled={busy} onClick={() => !busy && void take(format, ending)}>{t(`pad.export.${format}`)}</button>
            <span class="soft">{t(`pad.export.${format}.hint`)}</span></li>
        ))}
        <li><button type="button" class="button outlined" onClick={() => { onClose(); setTimeout(() => print(), 0); }}>{t('print')}</button>
          <span class="soft">{t('pad.export.print_hint')}</span></li>
      </ul>
    </Dialog>
  );
}

const keyRows = [
  'toolbar', 'leave_text', 'indent', 'cells', 'task', 'undo', 'redo', 'bold', 'italic', 'underline', 'strike', 'highlight', 'link', 'find', 'headings', 'lists', 'break', 'help',
] as const;
const shortcuts = ['heading', 'bullet', 'ordered', 'task', 'quote', 'rule', 'code', 'bold', 'italic', 'strike', 'highlight'] as const;

export function KeysDialog({ onClose }: Closable) {
  const rows = (names: readonly string[], group: string) => (
    <dl class="keys">
      {names.map((name) => <div key={name}><dt><kbd>{t(`pad.${group}.${name}`)}</kbd></dt><dd>{t(`pad.${group}.${name}.does`)}</dd></div>)}
    </dl>
  );
  return (
    <Dialog title={t('pad.keys')} onClose={onClose}>
      <p>{t('pad.keys.text')}</p>
      {rows(keyRows, 'key')}
      <h3>{t('pad.shortcuts')}</h3>
      <p>{t('pad.shortcuts.text')}</p>
      {rows(shortcuts, 'short')}
    </Dialog>
  );
}

export function CountDialog({ view, onClose }: Closable & { view: EditorView }) {
  const counts = countsOf(view.state.doc);
  const { from, to, empty } = view.state.selection;
  const chosen = empty ? null : countsOf(view.state.doc.cut(from, to));
  const minutes = Math.max(1, Math.round(counts.words / 220));
  const rows: [string, string][] = [
    ['words', number(counts.words)], ['signs', number(counts.signs)], ['paragraphs', number(counts.paragraphs)],
    ['reading', t('pad.count.minutes', { n: minutes })], ...(chosen ? [['chosen', number(chosen.words)] as [string, string]] : []),
  ];
  return (
    <Dialog title={t('pad.count')} onClose={onClose}>
      <dl class="keys">{rows.map(([name, value]) => <div key={name}><dt>{t(`pad.count.${name}`)}</dt><dd>{value}</dd></div>)}</dl>
    </Dialog>
  );
}

export function PeopleDialog({ people, onClose }: Closable & { people: Present[] }) {
  return (
    <Dialog title={t('pad.people')} onClose={onClose}>
      <ul class="people-list">
        {people.map((one) => (
          <li key={one.key}><Window light={one.away ? 'asleep' : 'lit'} /> <span class={`written-by author-${one.colour}`}>{one.name}</span>
            {one.me && <span class="soft"> {t('members.you')}</span>}{one.away && <span class="soft"> {t('pad.people.away')}</span>}</li>
        ))}
      </ul>
    </Dialog>
  );
}

/** "exemple.org" becomes an address, "nom@exemple.org" a mail address. */
export function addressOf(text: string): string {
  const typed = text.trim();
  if (/^[^\s@/:]+@[^\s@/:]+\.[^\s@/:]+$/.test(typed)) return `mailto:${typed}`;
  return /^([a-z][a-z0-9+.-]*:|\/|#)/i.test(typed) ? typed : `https://${typed}`;
}

export function LinkDialog({ view, onClose }: Closable & { view: EditorView }) {
  const old = linkAround(view.state);
  const [text, setText] = useState(old?.href ?? '');
  const [error, setError] = useState('');
  const done = () => {
    onClose();
    queueMicrotask(() => view.focus());      // after the dialog is gone, before the next key
  };
  const keep = () => {
    const href = keptAddress(addressOf(text));
    if (!text.trim() || !href || (/^https?:/.test(href) && !/^https?:\/\/[^/]*[^/.]/.test(href))) return setError(t('pad.link.wrong'));
    setLink(href)(view.state, view.dispatch);
    done();
  };
  return (
    <Dialog title={t(old ? 'pad.link.change' : 'pad.tool.link')} onClose={onClose}>
      <form class="form" noValidate onSubmit={(event) => { event.preventDefault(); keep(); }}>
        <Field name="link" label={t('pad.link.address')} example={t('pad.link.example')} value={text} onValue={setText} error={error || undefined} type="url" mono autocomplete="off" />
        <p class="verbs"><Button type="submit" kind="main">{t('save')}</Button>
          {old && <Button onClick={() => { removeLink(view.state, view.dispatch); done(); }}>{t('pad.link.remove')}</Button>}</p>
      </form>
    </Dialog>
  );
}

function Headings({ view, onChosen }: { view: EditorView; onChosen: (pos: number) => void }) {
  const headings = outlineOf(view.state.doc);
  const top = Math.min(6, ...headings.map((one) => one.level));
  if (headings.length === 0) return <p class="soft">{t('pad.outline.none')}</p>;
  return (
    <ul class="outline-list">{headings.map((one) => (
      <li key={one.pos} class={`depth-${Math.min(3, one.level - top)}`}><button type="button" onClick={() => onChosen(one.pos)}>{one.text}</button></li>
    ))}</ul>
  );
}

/** Beside the text, under the header, whatever stands in that. */
function OutlineBeside({ view, onClose }: Closable & { view: EditorView }) {
  const nav = useRef<HTMLElement>(null);
  const place = () => nav.current?.style.setProperty('--head', `${headHeight()}px`);
  useLayoutEffect(place);      // what has been drawn may hang under the header without making it larger
  useEffect(() => onHeadChange(place), []);
  return (
    <nav class="outline" ref={nav} aria-label={t('pad.outline')}>
      <div class="outline-head"><h2>{t('pad.outline')}</h2><button type="button" class="word-tool" onClick={onClose}>{t('close')}</button></div>
      <Headings view={view} onChosen={(pos) => goTo(view, pos)} />
    </nav>
  );
}

/** Beside the text where there is room; else a dialog that closes when a place is chosen. */
export function Outline({ view, onClose, tick }: Closable & { view: EditorView; tick: unknown }) {
  void tick;
  if (matchMedia(outline_beside).matches) return <OutlineBeside view={view} onClose={onClose} />;
  return (
    <Dialog title={t('pad.outline')} onClose={onClose}>
      <Headings view={view} onChosen={(pos) => {
        onClose();
        queueMicrotask(() => goTo(view, pos));
      }} />
    </Dialog>
  );
}

/** The last question before a shared computer forgets what the house does not have. */
export function LeaveDialog({ onAnswer }: { onAnswer: (leave: boolean) => void }) {
  return (
    <Dialog title={t('pad.leave.title')} onClose={() => onAnswer(false)}>
      <p>{t('pad.leave.text')}</p>
      <p class="verbs"><Button kind="main" onClick={() => onAnswer(false)}>{t('shared.stay')}</Button>
        <Button kind="danger" onClick={() => onAnswer(true)}>{t('pad.leave.anyway')}</Button></p>
    </Dialog>
  );
}
