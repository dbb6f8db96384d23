// The page of one text. Draws what the visit (session.ts) says; the text itself belongs to ProseMirror.
import './texts';
import { render } from 'preact';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { t, tn } from '../common/i18n';
import { whenIdle } from '../common/hooks';
import { forgetEditor, keepEditor, onLeftElsewhere } from '../common/leaving';
import { insist, keyIn, nameIn } from './address';
import { showCursors } from './cursors';
import { type Editor, makeEditor } from './editor';
import { Header, Notices } from './head';
import { keepHeadFree } from './head-room';
import type { Images } from './images';
import { Visit } from './session';
import { endSheet, takeOver } from './take-over';
import type { Shown } from './toolbar';

type Rest = typeof import('./rest');

const count_ms = 700;
export type Panel = 'share' | 'export' | 'history' | 'keys' | 'count' | 'people' | 'link' | 'leave' | null;

const nothing: Shown = { style: 'text', on: [], undo: false, redo: false, table: false, link: null, image: null };

/** Toolbar and counts follow the text, at most once a frame, and only when something they show has changed. */
function useEditorState(rest: { current: Rest | null }) {
  const [shown, setShown] = useState<Shown>(nothing);
  const [words, setWords] = useState<number | null>(null);
  const [version, setVersion] = useState(0);
  const frame = useRef(0);
  const timer = useRef(0);
  const last = useRef('');
  const follow = useCallback((view: Editor['view'], docChanged: boolean, moved: () => boolean) => {
    frame.current ||= requestAnimationFrame(() => {
      frame.current = 0;
      if (view.isDestroyed || !rest.current) return;
      const next = rest.current.shownOf(view.state);
      const text = JSON.stringify(next);
      if (text !== last.current) {
        last.current = text;
        setShown(next);
      }
      if (moved()) setVersion((n) => n + 1);
    });
    if (docChanged) {
      // After a pause in typing: counting a long text takes longer than a keystroke may.
      clearTimeout(timer.current);
      timer.current = window.setTimeout(() => {
        if (view.isDestroyed || !rest.current) return;
        setWords(rest.current.countsOf(view.state.doc).words);
        setVersion((n) => n + 1);
      }, count_ms);
    }
  }, []);
  return { shown, words, version, follow };
}

/** Room for the keyboard of a phone under the buttons. */
function useKeyboardRoom() {
  useEffect(() => {
    const seen = window.visualViewport;
    if (!seen) return undefined;
    const measure = () => {
      const hidden = Math.max(0, innerHeight - seen.height - seen.offsetTop);
      document.documentElement.style.setProperty('--keyboard', `${Math.round(hidden)}px`);
    };
    seen.addEventListener('resize', measure);
    seen.addEventListener('scroll', measure);
    return () => {
      seen.removeEventListener('resize', measure);
      seen.removeEventListener('scroll', measure);
    };
  }, []);
}

function useVisit(visit: Visit): void {
  const [, setTurn] = useState(0);
  useEffect(() => {
    let frame = 0;
    const stop = visit.subscribe(() => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        setTurn((n) => n + 1);
      });
      // A page in the background draws no frames; what it says must be true all the same.
      if (document.hidden) setTurn((n) => n + 1);
    });
    void visit.start();
    return stop;
  }, [visit]);
}

function PadPage({ visit }: { visit: Visit }) {
  useVisit(visit);
  useKeyboardRoom();
  const [panel, setPanel] = useState<Panel>(null);
  const [finding, setFinding] = useState(false);
  const [outline, setOutline] = useState(false);
  const [colours, setColours] = useState(false);
  const [said, setSaid] = useState('');
  const [asked, setAsked] = useState<string[]>([]);
  const [editor, setEditor] = useState<Editor | null>(null);
  const [rest, setRest] = useState<Rest | null>(null);
  const restNow = useRef<Rest | null>(null);
  const images = useRef<Images | null>(null);
  const { shown, words, version, follow } = useEditorState(restNow);
  const place = useRef<HTMLDivElement>(null);
  const making = useRef(false);
  const answer = useRef<((leave: boolean) => void) | null>(null);
  const findingNow = useRef(false);
  findingNow.current = finding;
  const { pad, session } = visit;

  useEffect(() => {
    if (!visit.ready || making.current || !place.current || !pad) return;
    making.current = true;
    const make = () => makeEditor(place.current!, {
      doc: visit.doc, awareness: visit.awareness, people: visit.people, padKey: visit.key, writes: visit.writes,
      label: t('pad.text'), describedBy: 'text-help',
      changed: (view, docChanged) => follow(view, docChanged, () => findingNow.current),
    });
    takeOver(make, setEditor);
  }, [visit.ready, pad]);

  useEffect(() => {
    // Words of the first sheet stay to be copied, above the sentence that says why there is no more.
    if (visit.phase === 'refused') endSheet();
    if (visit.phase === 'loading' || rest) return;
    void insist(() => import('./rest')).then((came) => {
      restNow.current = came;
      setRest(came);
    });
  }, [visit.phase]);
  useEffect(() => {
    if (!rest || !session) return;
    if (visit.keeps) whenIdle(keepEditor);
    else void forgetEditor();
  }, [rest, session]);
  useEffect(() => {
    if (!editor || !rest || !pad || images.current) return;
    images.current = new rest.Images(pad.id, visit.key, setSaid, (src) => {
      setAsked((before) => (before.includes(src) ? before : [...before, src]));
      visit.say(t('pad.describe.asked'));
    });
    editor.grow(rest.writing({
      people: visit.people, images: images.current, said: setSaid,
      actions: {
        link: () => setPanel('link'), find: () => setFinding(true), help: () => setPanel('keys'),
        toolbar: () => document.querySelector<HTMLElement>('.toolbar button[tabindex="0"]')?.focus(),
      },
      unknownAuthor: () => void visit.loadAuthors(),
    }));
    follow(editor.view, true, () => false);
  }, [editor, rest]);
  useEffect(keepHeadFree, []);
  useEffect(() => editor?.setWrites(visit.writes), [editor, visit.writes]);
  useEffect(() => { if (editor) showCursors(editor.view); }, [editor, visit.people.roster]);
  useEffect(() => { document.title = pad ? `${pad.title} – Hameau` : 'Hameau'; }, [pad?.title]);
  useEffect(() => onLeftElsewhere(() => location.replace('/sign-in#left')), []);
  useEffect(() => {
    const find = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key === 'f' && visit.ready) {
        event.preventDefault();
        setFinding(true);
      }
    };
    const ask = (event: BeforeUnloadEvent) => {
      if (visit.waiting && !visit.kept) event.preventDefault();
    };
    const arrived = () => location.reload();      // another key in the address is another visit
    addEventListener('keydown', find);
    addEventListener('beforeunload', ask);
    addEventListener('hashchange', arrived);
    return () => {
      removeEventListener('keydown', find);
      removeEventListener('beforeunload', ask);
      removeEventListener('hashchange', arrived);
    };
  }, [visit]);

  if (visit.phase === 'refused') return rest && <rest.Refused problem={visit.problem!} visit={visit} />;

  const view = editor?.view ?? null;
  const beforeLeaving = async () => {
    if (await visit.whenSaved(4_000)) return true;
    setPanel('leave');
    return new Promise<boolean>((done) => { answer.current = done; });
  };
  const toggleColours = async () => {
    if (!view || !rest) return;
    if (!rest.authorsShown(view.state)) await visit.loadAuthors();
    rest.showAuthors(view, !rest.authorsShown(view.state));
    setColours(rest.authorsShown(view.state));
  };
  const close = () => setPanel(null);

  return (
    <>
      <a class="skip" href="#text" onClick={(event) => { event.preventDefault(); view?.focus(); }}>{t('pad.skip')}</a>
      {rest && session?.shared_computer && <rest.SharedStripe beforeLeaving={beforeLeaving} />}
      <header class="top">
        <Header visit={visit} colours={colours} outline={outline} onPanel={setPanel} onFind={() => setFinding(true)}
          onOutline={() => setOutline(!outline)} onColours={() => void toggleColours()} />
        {view && visit.writes && !rest && <div class="tools tools-coming" />}
        {view && visit.writes && rest && (
          <div class="tools">
            <rest.Toolbar view={view} shown={shown} onLink={() => setPanel('link')} onFind={() => setFinding(true)}
              onImages={(files) => images.current?.take(view, files, view.state.selection.to)} />
            <rest.ContextBar view={view} shown={shown} onLink={() => setPanel('link')} />
          </div>
        )}
        {view && rest && visit.writes && asked[0] && (
          <rest.DescribeBar view={view} src={asked[0]} more={asked.length - 1} tick={version} onDone={() => setAsked((before) => before.slice(1))} />
        )}
        {view && rest && finding && <rest.FindBar view={view} writes={visit.writes} onClose={() => setFinding(false)} tick={version} />}
      </header>
      <main id="main" class={outline && view ? 'with-outline' : ''}>
        <Notices visit={visit} said={said} onSeen={() => setSaid('')} />
        {!session && visit.key && visit.writes && view && rest && <rest.GuestBar visit={visit} />}
        {outline && view && rest && <rest.Outline view={view} tick={version} onClose={() => { setOutline(false); view.focus(); }} />}
        <div class="paper">
          {!view && <p class="soft paper-loading" role="status">{t('loading')}</p>}
          <div ref={place} class={colours ? 'place coloured' : 'place'} />
          <p id="text-help" class="hidden">{t('pad.text_help')}</p>
        </div>
      </main>
      <footer class="pad-foot">
        {words !== null && <p>{tn('pad.words', words)}</p>}
        <button type="button" class="word-tool" onClick={() => setPanel('keys')}>{t('pad.keys')}</button>
      </footer>
      <p class="hidden" role="status" aria-live="polite">{visit.announce}</p>
      {rest && panel === 'share' && pad && <rest.ShareDialog pad={pad} onChanged={(changed) => visit.setPad(changed)} onClose={close} />}
      {rest && panel === 'export' && pad && <rest.ExportDialog pad={pad} padKey={visit.key} saved={!visit.waiting} onClose={close} />}
      {rest && panel === 'history' && pad && <rest.History pad={pad.id} writes={visit.writes} onClose={close}
        onRestored={(changed) => visit.say(t(changed ? 'pad.history.restored' : 'pad.history.same'))} />}
      {rest && panel === 'keys' && <rest.KeysDialog onClose={close} />}
      {rest && panel === 'count' && view && <rest.CountDialog view={view} onClose={close} />}
      {rest && panel === 'people' && <rest.PeopleDialog people={visit.people.present()} onClose={close} />}
      {rest && panel === 'link' && view && <rest.LinkDialog view={view} onClose={close} />}
      {rest && panel === 'leave' && <rest.LeaveDialog onAnswer={(leave) => { close(); answer.current?.(leave); answer.current = null; }} />}
    </>
  );
}

render(<PadPage visit={new Visit(nameIn(location.pathname), keyIn(location.hash))} />, document.getElementById('app')!);
