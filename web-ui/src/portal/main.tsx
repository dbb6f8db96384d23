// The portal: everything but the editor. Finds out who is here, shows the page of the address, moves the focus.
import './texts';
import { render } from 'preact';
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { call, get, type House, Problem, type Session, setAsker, setShown } from '../common/api';
import { asProblem } from '../common/hooks';
import { t } from '../common/i18n';
import { forgetEditor, forgetEverything, forgetSeen, onLeftElsewhere, rememberMember } from '../common/leaving';
import { Loading, ProblemNotice } from '../common/parts';
import { AppContext, type App, followLinks, type Later, navigate, type Said, type Undo } from './state';
import { AskPassword, type Question } from './asking';
import { inLetters } from './letters';
import { seenHere } from './seen';
import { Shell } from './shell';
import { Account } from './pages/account';
import { Away } from './pages/away';
import { DiagnosisPage } from './pages/diagnosis';
import { EnergyPage } from './pages/energy';
import { DomainsPage } from './pages/domains';
import { Help } from './pages/help';
import { Home } from './pages/home';
import { InvitationPage } from './pages/invitation';
import { Mail } from './pages/mail';
import { Members } from './pages/members';
import { News } from './pages/news';
import { Pads } from './pages/pads';
import { Recovery } from './pages/recovery';
import { Setup } from './pages/setup';
import { SignIn } from './pages/sign-in';
import { SitePage } from './pages/site';
import { StatusPage } from './pages/status';

/** away: what this computer keeps is shown there when the house cannot be reached. */
interface Route { page: () => preact.JSX.Element | null; title: string; open?: boolean; wide?: boolean; away?: boolean }

const routes: Record<string, Route> = {
  '/': { page: Home, title: 'title.home', away: true },
  '/sign-in': { page: SignIn, title: 'title.sign_in', open: true },
  '/pads': { page: Pads, title: 'title.pads', away: true },
  '/site': { page: SitePage, title: 'title.site' },
  '/mail': { page: Mail, title: 'title.mail' },
  '/members': { page: Members, title: 'title.members' },
  '/account': { page: Account, title: 'title.account' },
  '/status': { page: StatusPage, title: 'title.status', wide: true },
  '/diagnosis': { page: DiagnosisPage, title: 'title.diagnosis', wide: true },
  '/energy': { page: EnergyPage, title: 'title.energy', wide: true },
  '/domains': { page: DomainsPage, title: 'title.domains' },
  '/news': { page: News, title: 'title.news' },
  '/setup': { page: Setup, title: 'title.setup', open: true },
  '/invitation': { page: InvitationPage, title: 'title.invitation', open: true },
  '/recovery': { page: Recovery, title: 'title.recovery', open: true },
  '/help': { page: Help, title: 'title.help', open: true },
};

function NotFound() {
  return (
    <>
      <h1 tabIndex={-1}>{t('not_found.title')}</h1>
      <p>{t('not_found.text')}</p>
      <p><a class="button main" href="/">{t('not_found.home')}</a></p>
    </>
  );
}

const associationKey = 'hameau.association';
const undo_ms = 20_000;

/** Asks the person at the screen for the password: the session has ended, or the house wants to be sure. */
function useQuestions(session: Session | null, setSession: (session: Session) => void): Question | null {
  const [question, setQuestion] = useState<Question | null>(null);
  const asked = useRef<Promise<boolean> | null>(null);
  const { login = '', shared_computer = false } = session ?? {};
  useEffect(() => {
    const ask = (kind: Question['kind'], attempt: Question['attempt']) => new Promise<boolean>((answered) => {
      setQuestion({ kind, attempt, close: (right) => { setQuestion(null); answered(right); } });
    });
    // Several calls may find the session ended: one question for all of them.
    const signIn = () => asked.current ??= ask('session', async (password) => {
      setSession(await call<Session>('POST', '/api/v1/session', { login, password, shared_computer }));
    }).finally(() => { asked.current = null; });
    setAsker({ signIn: login && !shared_computer ? signIn : null, password: (attempt) => ask('sure', attempt) });
    return () => setAsker(null);
  }, [login, shared_computer]);
  return question;
}

/** The two bars at the foot: what can be undone, and what just happened. One of each at a time. */
function useBars() {
  const [undo, setUndo] = useState<Undo | null>(null);
  const [said, setSaid] = useState<Said | null>(null);
  const pending = useRef<Later | null>(null);
  const timer = useRef(0);
  const settle = useCallback(() => {
    clearTimeout(timer.current);
    const later = pending.current;
    pending.current = null;
    setUndo(null);
    // The page that asked may be gone when the response comes: the bar of the portal tells it.
    later?.work().then(() => setSaid({ text: later.done, tone: 'good' }), (error: unknown) => setSaid({ text: asProblem(error).detail, tone: 'serious' }));
  }, []);
  const offerUndo: App['offerUndo'] = (text, undone, later) => {
    settle();
    // A failure stays until somebody closes it.
    setSaid((now) => (now?.tone === 'serious' ? now : null));
    pending.current = later ?? null;
    // Pressed twice it undoes once.
    let used = false;
    setUndo({ text, undo: () => {
      if (used) return;
      used = true;
      clearTimeout(timer.current);
      pending.current = null;
      setUndo(null);
      undone();
      document.querySelector<HTMLElement>('h1')?.focus();
    } });
    // Nobody is hurried: while the focus is in the bar, it stays.
    const wait = () => {
      if (document.querySelector('.undo:focus-within')) timer.current = window.setTimeout(wait, undo_ms);
      else settle();
    };
    if (later) timer.current = window.setTimeout(wait, undo_ms);
  };
  const dropUndo = () => { if (!pending.current) settle(); };
  return { undo, said, setSaid, settle, offerUndo, dropUndo };
}

/** The path of the address; `onMove` is told before another page comes, and when this one is left. */
function usePath(onMove: () => void, onLeave: () => void): string {
  const [path, setPath] = useState(location.pathname);
  const moving = useRef({ onMove, onLeave });
  moving.current = { onMove, onLeave };
  useEffect(() => {
    const moved = () => {
      moving.current.onMove();
      setPath(location.pathname);
    };
    const left = () => moving.current.onLeave();
    addEventListener('popstate', moved);
    addEventListener('pagehide', left);
    document.addEventListener('click', followLinks);
    return () => {
      removeEventListener('popstate', moved);
      removeEventListener('pagehide', left);
      document.removeEventListener('click', followLinks);
    };
  }, []);
  return path;
}

/** Who is here and where, asked once; a session that ends somewhere else ends here. */
function useWho() {
  const [session, setSession] = useState<Session | null>(null);
  const [house, setHouse] = useState<House | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [known, setKnown] = useState(false);
  const shared = useRef(false);
  shared.current = session?.shared_computer ?? false;
  useEffect(() => {
    void Promise.allSettled([get<Session>('/api/v1/session'), get<House>('/api/v1/house')]).then(([who, where]) => {
      if (where.status === 'fulfilled') setHouse(where.value);
      if (who.status === 'fulfilled') setSession(who.value);
      else if (asProblem(who.reason).status !== 401) setProblem(asProblem(who.reason));
      else forgetSeen();
      setKnown(true);
    });
    const signedOut = () => {
      forgetSeen();
      if (shared.current) void forgetEverything();
      setSession(null);
      navigate('/sign-in#ended', true);
    };
    addEventListener('hameau-signed-out', signedOut);
    onLeftElsewhere(() => location.replace('/sign-in#left'));
    // A page that comes back out of the browser's memory must not show what another person saw.
    addEventListener('pageshow', (event) => event.persisted && location.reload());
  }, []);
  useEffect(() => {
    if (!session) return;
    if (!session.shared_computer) return rememberMember(session.member);
    forgetSeen();
    void forgetEditor();
  }, [session]);
  return { session, setSession, house, problem, setProblem, known };
}

/** The title of the tab, the way to the sign-in, and the focus of a page that has just come. */
function usePage(path: string, route: Route | undefined, { known, session, problem, house }: ReturnType<typeof useWho>): void {
  useEffect(() => {
    document.title = `${t(route?.title ?? 'not_found.title')} – ${house?.name ?? 'Hameau'}`;
  }, [route, house]);
  useEffect(() => {
    if (known && route && !route.open && !session && !problem) navigate('/sign-in', true);
  }, [known, route, session, problem]);
  const first = useRef(true);
  useLayoutEffect(() => {
    if (!known) return;
    if (first.current) {
      first.current = false;
      return;
    }
    window.scrollTo(0, 0);
    document.querySelector<HTMLElement>('h1')?.focus();
  }, [path, known]);
}

function Portal() {
  const who = useWho();
  const { session, setSession, house, problem, known } = who;
  const [slug, setSlug] = useState(sessionStorage.getItem(associationKey) ?? '');
  const question = useQuestions(session, setSession);
  const bars = useBars();
  const path = usePath(() => { bars.setSaid(null); bars.settle(); }, bars.settle);
  const route = routes[path.replace(/(.)\/$/, '$1')];
  usePage(path, route, who);

  const association = session?.associations.find((one) => one.slug === slug) ?? session?.associations[0] ?? null;
  const app: App = {
    house, session, association, path,
    manages: Boolean(session?.admin || association?.role === 'manager' || association?.role === 'admin'),
    chooseAssociation: (chosen) => {
      if (!session?.shared_computer) sessionStorage.setItem(associationKey, chosen);
      bars.settle();
      setSlug(chosen);
    },
    signedIn: (one) => {
      setSession(one);
      who.setProblem(null);
      const next = sessionStorage.getItem('hameau.next');
      sessionStorage.removeItem('hameau.next');
      // Only a text of this house: whatever else stands there leads home.
      if (next && /^\/pads\/[\w:.-]+$/.test(next)) location.replace(next);
      else navigate('/', true);
    },
    sessionChanged: setSession,
    offerUndo: bars.offerUndo,
    dropUndo: bars.dropUndo,
    say: (text) => bars.setSaid({ text, tone: 'good' }),
  };

  const Page = route?.page;
  const ready = known && (route?.open || session || !route);
  return (
    <AppContext.Provider value={app}>
      <Shell undo={bars.undo} said={bars.said} onSaidGone={() => bars.setSaid(null)} onUndoGone={bars.settle} wide={route?.wide ?? false}>
        {problem?.status === 0 && !session && route?.away && seenHere() ? <Away path={path} /> : problem && !session ? (
          <><h1 tabIndex={-1}>{t('title.home')}</h1><ProblemNotice problem={problem} />
            <p><button type="button" class="button main" onClick={() => location.reload()}>{t('again')}</button></p></>
        ) : !ready ? <><h1 class="hidden">{t('loading')}</h1><Loading /></>
          : Page ? <Page key={`${path} ${association?.slug ?? ''}`} /> : <NotFound />}
      </Shell>
      {question && <AskPassword question={question} login={session?.login ?? ''} />}
    </AppContext.Provider>
  );
}

setShown(inLetters);
render(<Portal />, document.getElementById('app')!);
