// Loading and doing: the two ways in which pages talk to the API. A late response never overwrites a newer one.
import type { RefObject } from 'preact';
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Problem } from './api';
import { t } from './i18n';

export function asProblem(error: unknown): Problem {
  return error instanceof Problem ? error : new Problem(0, 'unexpected', t('error.other'));
}

export interface Loaded<T> { data: T | null; problem: Problem | null; reload: () => void; set: (data: T) => void }

/** Loads when `key` changes; null loads nothing. */
export function useLoad<T>(key: string | null, load: () => Promise<T>): Loaded<T> {
  const [state, setState] = useState<{ data: T | null; problem: Problem | null }>({ data: null, problem: null });
  const turn = useRef(0);
  const latest = useRef(load);
  latest.current = load;
  const run = useCallback(() => {
    const mine = ++turn.current;
    if (key === null) return;
    latest.current().then(
      (data) => mine === turn.current && setState({ data, problem: null }),
      (error: unknown) => mine === turn.current && setState((old) => ({ data: old.data, problem: asProblem(error) })),
    );
  }, [key]);
  useEffect(() => {
    setState({ data: null, problem: null });
    run();
    return () => { turn.current += 1; };
  }, [run]);
  const set = useCallback((data: T) => setState({ data, problem: null }), []);
  return { ...state, reload: run, set };
}

export interface Doing { busy: boolean; problem: Problem | null; run: (work: () => Promise<unknown>) => Promise<boolean>; clear: () => void }

/** Calls when the page is looked at again: another person may have changed what it shows. */
export function useSeenAgain(again: () => void): void {
  const latest = useRef(again);
  latest.current = again;
  useEffect(() => {
    const seen = () => { if (!document.hidden) latest.current(); };
    document.addEventListener('visibilitychange', seen);
    return () => document.removeEventListener('visibilitychange', seen);
  }, []);
}

/** One action at a time; tells whether it worked. */
export function useAction(): Doing {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const running = useRef(false);
  const run = useCallback(async (work: () => Promise<unknown>) => {
    if (running.current) return false;
    running.current = true;
    setBusy(true);
    setProblem(null);
    try {
      await work();
      return true;
    } catch (error) {
      setProblem(asProblem(error));
      return false;
    } finally {
      running.current = false;
      setBusy(false);
    }
  }, []);
  return { busy, problem, run, clear: useCallback(() => setProblem(null), []) };
}

/** The first `step` of a list, and how to see as many more: nothing is left out without a word. */
export function useMore<T>(items: T[], step: number): { shown: T[]; left: number; more: () => void } {
  const [most, setMost] = useState(step);
  return { shown: items.slice(0, most), left: Math.max(items.length - most, 0), more: () => setMost((now) => now + step) };
}

/**
 * For a `<dialog>`: shown as a modal while its component is there. It opens before the next key can come, and is closed
 * before it is taken away: everything else is inert until then, and closing gives the focus back to where it was.
 */
export function useModal(): RefObject<HTMLDialogElement> {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const shown = dialog.current!;
    shown.showModal();
    return () => {
      // Whoever took it away knows: its own "close", which comes later, could close what was opened since.
      shown.addEventListener('close', (event) => event.stopImmediatePropagation(), { capture: true });
      shown.close();
    };
  }, []);
  return dialog;
}

const idle_most_ms = 4_000;

/** Does what nobody waits for when the page has nothing else to do, and soon in any case. */
export function whenIdle(work: () => void): void {
  if ('requestIdleCallback' in window) requestIdleCallback(work, { timeout: idle_most_ms });
  else setTimeout(work, idle_most_ms / 4);
}
