// The page of one text. Draws what the visit (session.ts) says; the text itself belongs to ProseMirror.
import { render } from 'preact';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { addTexts, type Catalogue, t } from '../common/i18n';
import { onLeftElsewhere } from '../common/leaving';
import { SharedStripe } from '../common/shared';
import { authorsShown, showAuthors } from './authors';
import { showCursors } from './cursors';
import { type Editor, makeEditor } from './editor';
import { FindBar } from './find-bar';
import { GuestBar, Header, Notices } from './head';
import { History } from './history';
import { CountDialog, ExportDialog, KeysDialog, LeaveDialog, LinkDialog, Outline, PeopleDialog, ShareDialog } from './panels';
import { countsOf } from './commands';
import { Refused } from './refused';
import { keyIn, Visit } from './session';
import { ContextBar, type Shown, shownOf, Toolbar } from './toolbar';
import { tn } from '../common/i18n';

addTexts(import.meta.glob<Catalogue>('../i18n/pad.??.json', { eager: true, import: 'default' }));

const count_ms = 700;
export type Panel = 'share' | 'export' | 'history' | 'keys' | 'count' | 'people' | 'link' | 'leave' | null;

const nothing: Shown = { style: 'text', on: [], undo: false, redo: false, table: false, link: null, image: null };

/** Toolbar and counts follow the text, at most once a frame, and only when something they show has changed. */
function useEditorState() {
  const [shown, setShown] = useState<Shown>(nothing);
  const [words, setWords] = useState(0);
  const [version, setVersion] = useState(0);
  const frame = useRef(0);
  const timer = useRef(0);
  const last = useRef('');
  const follow = useCallback((view: Editor['view'], docChanged: boolean, moved: () => boolean) => {
    frame.current ||= requestAnimationFrame(() => {
      frame.current = 0;
      if (view.isDestroyed) return;
      const next = shownOf(view.state);
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
        if (view.isDestroyed) return;
        setWords(countsOf(view.state.doc).words);
        setVersion((n) => n + 1);
      }, count_ms);
    }
  }, []);
  return { shown, words, setWords, version, follow };
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
  const [editor, setEditor] = useState<Editor | null>(null);
  const { shown, words, setWords, version, follow } = useEditorState();
  const place = useRef<HTMLDivElement>(null);
  const answer = useRef<((leave: boolean) => void) | null>(null);
  const findingNow = useRef(false);
  findingNow.current = finding;
  const { pad, session } = visit;

  useEffect(() => {
    if (!visit.ready || editor || !place.current || !pad) return;
    const made = makeEditor(place.current, {
      doc: visit.doc, awareness: visit.awareness, people: visit.people, pad: pad.id, padKey: visit.key, writes: visit.writes,
      label: t('pad.text'), describedBy: 'text-help',
      actions: {
        link: () => setPanel('link'), find: () => setFinding(true), help: () => setPanel('keys'),
        toolbar: () => document.querySelector<HTMLElement>('.toolbar button[tabindex="0"]')?.focus(),
      },
      changed: (view, docChanged) => follow(view, docChanged, () => findingNow.current),
      said: setSaid,
      unknownAuthor: () => void visit.loadAuthors(),
    });
    made.view.dom.id = 'text';
    setEditor(made);
    setWords(countsOf(made.view.state.doc).words);
    follow(made.view, false, () => false);
  }, [visit.ready, pad, editor]);

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

  if (visit.phase === 'refused') return <Refused problem={visit.problem!} visit={visit} view={editor?.view ?? null} />;

  const view = editor?.view ?? null;
  const beforeLeaving = async () => {
    if (await visit.whenSaved(4_000)) return true;
    setPanel('leave');
    return new Promise<boolean>((done) => { answer.current = done; });
  };
  const toggleColours = async () => {
    if (!view) return;
    if (!authorsShown(view.state)) await visit.loadAuthors();
    showAuthors(view, !authorsShown(view.state));
    setColours(authorsShown(view.state));
  };
  const close = () => setPanel(null);

  return (
    <>
      <a class="skip" href="#text" onClick={(event) => { event.preventDefault(); view?.focus(); }}>{t('pad.skip')}</a>
      {session?.shared_computer && <SharedStripe beforeLeaving={beforeLeaving} />}
      <header class="top">
        <Header visit={visit} colours={colours} outline={outline} onPanel={setPanel} onFind={() => setFinding(true)}
          onOutline={() => setOutline(!outline)} onColours={() => void toggleColours()} />
        {view && visit.writes && (
          <div class="tools">
            <Toolbar view={view} shown={shown} onLink={() => setPanel('link')} onFind={() => setFinding(true)}
              onImages={(files) => editor!.images.take(view, files, view.state.selection.to)} />
            <ContextBar view={view} shown={shown} onLink={() => setPanel('link')} />
          </div>
        )}
        {view && finding && <FindBar view={view} writes={visit.writes} onClose={() => setFinding(false)} tick={version} />}
      </header>
      <main id="main" class={outline && view ? 'with-outline' : ''}>
        <Notices visit={visit} said={said} onSeen={() => setSaid('')} />
        {!session && visit.key && visit.writes && view && <GuestBar visit={visit} />}
        {outline && view && <Outline view={view} tick={version} onClose={() => { setOutline(false); view.focus(); }} />}
        <div class="paper">
          {!view && <p class="soft paper-loading" role="status">{t('loading')}</p>}
          <div ref={place} class={colours ? 'place coloured' : 'place'} />
          <p id="text-help" class="hidden">{t('pad.text_help')}</p>
        </div>
      </main>
      <footer class="pad-foot">
        {view && <p>{tn('pad.words', words)}</p>}
        <button type="button" class="word-tool" onClick={() => setPanel('keys')}>{t('pad.keys')}</button>
      </footer>
      <p class="hidden" role="status" aria-live="polite">{visit.announce}</p>
      {panel === 'share' && pad && <ShareDialog pad={pad} onChanged={(changed) => visit.setPad(changed)} onClose={close} />}
      {panel === 'export' && pad && <ExportDialog pad={pad} padKey={visit.key} saved={!visit.waiting} onClose={close} />}
      {panel === 'history' && pad && <History pad={pad.id} writes={visit.writes} onClose={close}
        onRestored={(changed) => visit.say(t(changed ? 'pad.history.restored' : 'pad.history.same'))} />}
      {panel === 'keys' && <KeysDialog onClose={close} />}
      {panel === 'count' && view && <CountDialog view={view} onClose={close} />}
      {panel === 'people' && <PeopleDialog people={visit.people.present()} onClose={close} />}
      {panel === 'link' && view && <LinkDialog view={view} onClose={close} />}
      {panel === 'leave' && <LeaveDialog onAnswer={(leave) => { close(); answer.current?.(leave); answer.current = null; }} />}
    </>
  );
}

const name = decodeURIComponent(location.pathname.replace(/^\/pads\//, '').replace(/\/$/, ''));
render(<PadPage visit={new Visit(name, keyIn(location.hash))} />, document.getElementById('app')!);
