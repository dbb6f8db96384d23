// Who is here and where: the session, the house, the association that is looked at, the address.
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { House, Membership, Session } from '../common/api';

export interface Undo { text: string; undo: () => void }
/** What is done when the undo bar goes, and the sentence that is true then. */
export interface Later { work: () => Promise<unknown>; done: string }
/** A sentence about what just happened. It stays until the next one, or until the page changes. */
export interface Said { text: string; tone: 'good' | 'serious' }

export interface App {
  house: House | null;
  session: Session | null;
  association: Membership | null;
  /** Manages the association that is looked at. */
  manages: boolean;
  path: string;
  chooseAssociation: (slug: string) => void;
  signedIn: (session: Session) => void;
  /** The associations of the session are others now; the page stays. */
  sessionChanged: (session: Session) => void;
  /** Shows the undo bar. `later` is done when the bar goes; undoing prevents it. Its failure is told on whatever page. */
  offerUndo: (text: string, undo: () => void, later?: Later) => void;
  /** What the undo bar says is not true any more (somebody took another way back): it goes. */
  dropUndo: () => void;
  say: (text: string) => void;
}

export const AppContext = createContext<App>(null as unknown as App);
export const useApp = () => useContext(AppContext);

/** For pages behind the sign-in. */
export function useMember(): App & { session: Session } {
  const app = useApp();
  return app as App & { session: Session };
}

export function navigate(path: string, replace = false): void {
  if (replace) history.replaceState(null, '', path);
  else history.pushState(null, '', path);
  dispatchEvent(new PopStateEvent('popstate'));
}

/** Links within the portal change the page without loading it again. */
export function followLinks(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element | null)?.closest?.('a[href]') as HTMLAnchorElement | null;
  if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
  if (/^\/(pads\/.|api\/)/.test(link.pathname) || (link.pathname === location.pathname && link.hash)) return;
  event.preventDefault();
  navigate(link.pathname + link.search + link.hash);
}
