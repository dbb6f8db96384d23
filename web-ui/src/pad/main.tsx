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
import type { Panel } from './panel';
import { Visit } from './session';
import { endSheet, takeOver } from './take-over';
import type { Shown } from './toolbar';

type Rest = typeof import('./rest');

const count_ms = 700;

const nothing: Shown = { style: 'text', on: [], undo: false, redo: false, table: false, cells: [], link: null, image: null };

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

/** The editor, and what comes after it, for as long as the page is open. */
function useEditor(visit: Visit) {
  const [editor, setEditor] = useState<Editor | null>(null);
  const [rest, setRest] = useState<Rest | null>(null);
  const restNow = useRef<Rest | null>(null);
  const { shown, words, version, follow } = useEditorState(restNow);
  const place = useRef<HTMLDivElement>(null);
  const making = useRef(false);
  const findingNow = useRef(false);
  const [taken, setTaken] = useState<string[]>([]);
  const { pad, session } = visit;

  useEffect(() => {
    if (!visit.ready || making.current || !place.current || !pad) return;
    making.current = true;
    const make = () => makeEditor(place.current!, {
      doc: visit.doc, awareness: visit.awareness, people: visit.people, padKey: visit.key, writes: visit.writes,
      label: t('pad.text'), describedBy: 'text-help',
      changed: (view, docChanged) => follow(view, docChanged, () => findingNow.current),
      composing: (on) => visit.composing(on), taken: setTaken,
    });
    takeOver(make, (made) => {
      visit.coming = made.settle;
      setEditor(made);
    });
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
    if (visit.keeps) whenIdle(() => void keepEditor());
    else void forgetEditor();
  }, [rest, session]);
  useEffect(() => editor?.setWrites(visit.writes), [editor, visit.writes]);
  useEffect(() => { if (editor) showCursors(editor.view); }, [editor, visit.people.roster]);
  return { editor, rest, place, shown, words, version, follow, findingNow, taken };
}

/** What the text can do besides taking letters; `asked`: images whose description is asked for. */
function useWriting(visit: Visit, parts: ReturnType<typeof useEditor>, setSaid: (text: string) => void, setPanel: (panel: Panel) => void, find: () => void) {
  const { editor, rest, follow } = parts;
  const images = useRef<Images | null>(null);
  const [asked, setAsked] = useState<string[]>([]);
  const { pad } = visit;
  useEffect(() => {
    if (!editor || !rest || !pad || images.current) return;
    images.current = new rest.Images(pad.id, visit.key, setSaid, (src) => {
      setAsked((before) => (before.includes(src) ? before : [...before, src]));
      visit.say(t('pad.describe.asked'));
    });
    editor.grow(rest.writing({
      people: visit.people, images: images.current, said: setSaid,
      actions: {
        link: () => setPanel('link'), find, help: () => setPanel('keys'),
        toolbar: () => document.querySelector<HTMLElement>('.toolbar button[tabindex="0"]')?.focus(),
      },
      unknownAuthor: () => void visit.loadAuthors(),
    }));
    follow(editor.view, true, () => false);
  }, [editor, rest]);
  return { images, asked, described: () => setAsked((before) => before.slice(1)) };
}

/** What the page itself listens to. */
function usePage(visit: Visit, find: () => void) {
  const { pad } = visit;
  useEffect(keepHeadFree, []);
  useEffect(() => { document.title = pad ? `${pad.title} – Hameau` : 'Hameau'; }, [pad?.title]);
  useEffect(() => onLeftElsewhere(() => location.replace('/sign-in#left')), []);
  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key === 'f' && visit.ready) {
        event.preventDefault();
        find();
      }
    };
    const ask = (event: BeforeUnloadEvent) => {
      if (visit.waiting && !visit.kept) event.preventDefault();
    };
    const arrived = () => location.reload();      // another key in the address is another visit
    addEventListener('keydown', key);
    addEventListener('beforeunload', ask);
    addEventListener('hashchange', arrived);
    return () => {
      removeEventListener('keydown', key);
      removeEventListener('beforeunload', ask);
      removeEventListener('hashchange', arrived);
    };
  }, [visit]);
}

interface PanelsProps { visit: Visit; rest: Rest; editor: Editor | null; panel: Panel; onClose: () => void; onLeave: (leave: boolean) => void }

/** The dialog that is open. */
function Panels({ visit, rest, editor, panel, onClose, onLeave }: PanelsProps) {
  const { pad } = visit;
  const view = editor?.view ?? null;
  return (
    <>
      {panel === 'share' && pad && <rest.ShareDialog pad={pad} onChanged={(changed) => visit.setPad(changed)} onClose={onClose} />}
      {panel === 'export' && pad && <rest.ExportDialog pad={pad} padKey={visit.key} saved={!visit.waiting} onClose={onClose} />}
      {panel === 'history' && pad && <rest.History pad={pad.id} writes={visit.writes} colourOf={(person) => visit.people.colourOf(person)} onClose={onClose}
        onRestored={(changed) => visit.say(t(changed ? 'pad.history.restored' : 'pad.history.same'))} />}
      {panel === 'keys' && <rest.KeysDialog onClose={onClose} />}
      {panel === 'count' && view && <rest.CountDialog view={view} onClose={onClose} />}
      {panel === 'people' && <rest.PeopleDialog people={visit.people.present()} onClose={onClose} />}
      {panel === 'link' && view && <rest.LinkDialog view={view} onClose={onClose} />}
      {panel === 'leave' && <rest.LeaveDialog onAnswer={onLeave} />}
    </>
  );
}

interface ToolsProps {
  visit: Visit; parts: ReturnType<typeof useEditor>; writing: ReturnType<typeof useWriting>; finding: boolean; onLink: () => void; onFind: (on: boolean) => void;
}

/** Under the title: the buttons for the text, what an image shows, finding. */
function Tools({ visit, parts: { editor, rest, shown, version }, writing, finding, onLink, onFind }: ToolsProps) {
  if (!editor) return null;
  const { view } = editor;
  if (!rest) return visit.writes ? <div class="tools tools-coming" /> : null;
  return (
    <>
      {visit.writes && (
        <div class="tools">
          <rest.Toolbar view={view} shown={shown} onLink={onLink} onFind={() => onFind(true)}
            onImages={(files) => writing.images.current?.take(view, files, view.state.selection.to)} />
          <rest.ContextBar view={view} shown={shown} onLink={onLink} />
        </div>
      )}
      {visit.writes && writing.asked[0] && (
        <rest.DescribeBar view={view} src={writing.asked[0]} more={writing.asked.length - 1} tick={version} onDone={writing.described} />
      )}
      {finding && <rest.FindBar view={view} writes={visit.writes} onClose={() => onFind(false)} tick={version} />}
    </>
  );
}

function PadPage({ visit }: { visit: Visit }) {
  useVisit(visit);
  useKeyboardRoom();
  const [panel, setPanel] = useState<Panel>(null);
  const [finding, setFinding] = useState(false);
  const [outline, setOutline] = useState(false);
  const [colours, setColours] = useState(false);
  const [said, setSaid] = useState('');
  const answer = useRef<((leave: boolean) => void) | null>(null);
  const find = () => setFinding(true);
  const parts = useEditor(visit);
  const writing = useWriting(visit, parts, setSaid, setPanel, find);
  usePage(visit, find);
  const { editor, rest, place, words, version } = parts;
  parts.findingNow.current = finding;
  if (visit.phase === 'refused') return rest && <rest.Refused problem={visit.problem!} visit={visit} />;

  const { session } = visit;
  const view = editor?.view ?? null;
  const beforeLeaving = async () => {
    if (await visit.whenSaved(4_000)) return true;
    setPanel('leave');
    return new Promise<boolean>((done) => { answer.current = done; });
  };
  const left = (leave: boolean) => {
    setPanel(null);
    answer.current?.(leave);
    answer.current = null;
  };
  const toggleColours = async () => {
    if (!view || !rest) return;
    if (!rest.authorsShown(view.state)) await visit.loadAuthors();
    rest.showAuthors(view, !rest.authorsShown(view.state));
    setColours(rest.authorsShown(view.state));
  };
  return (
    <>
      <a class="skip" href="#text" onClick={(event) => { event.preventDefault(); view?.focus(); }}>{t('pad.skip')}</a>
      {rest && session?.shared_computer && <rest.SharedStripe beforeLeaving={beforeLeaving} />}
      <header class="top">
        <Header visit={visit} colours={colours} outline={outline} onPanel={setPanel} onFind={find}
          onOutline={() => setOutline(!outline)} onColours={() => void toggleColours()} />
        <Tools visit={visit} parts={parts} writing={writing} finding={finding} onLink={() => setPanel('link')} onFind={setFinding} />
      </header>
      <main id="main" class={outline && view ? 'with-outline' : ''}>
        {rest && visit.signedOut && <rest.SignInAgain login={session?.login ?? ''} other={visit.otherHere} signIn={(password) => visit.signInAgain(password)} />}
        <Notices visit={visit} said={said} onSeen={() => setSaid('')} />
        {rest && editor && visit.writes && parts.taken.length > 0 && (
          <rest.TakenNotice texts={parts.taken} say={(text) => visit.say(text)} onPutBack={() => editor.takings.putBack()} onForget={() => editor.takings.forget()} />
        )}
        {!session && visit.key && visit.writes && view && rest && <rest.GuestBar visit={visit} />}
        {outline && view && rest && <rest.Outline view={view} tick={version} onClose={() => { setOutline(false); view.focus(); }} />}
        <div class="paper">
          {!view && <p class="soft paper-loading" role="status">{t('loading')}</p>}
          <div ref={place} class={colours ? 'place coloured' : 'place'} />
          <p id="text-help" class="hidden">{t('pad.text_help')}</p>
        </div>
      </main>
      <PadFoot words={words} onKeys={() => setPanel('keys')} announce={visit.announce} />
      {rest && <Panels visit={visit} rest={rest} editor={editor} panel={panel} onClose={() => setPanel(null)} onLeave={left} />}
    </>
  );
}

function PadFoot({ words, onKeys, announce }: { words: number | null; onKeys: () => void; announce: string }) {
  return (
    <>
      <footer class="pad-foot">
        {words !== null && <p>{tn('pad.words', words)}</p>}
        <button type="button" class="word-tool" onClick={onKeys}>{t('pad.keys')}</button>
      </footer>
      <p class="hidden" role="status" aria-live="polite">{announce}</p>
    </>
  );
}

render(<PadPage visit={new Visit(nameIn(location.pathname), keyIn(location.hash))} />, document.getElementById('app')!);
