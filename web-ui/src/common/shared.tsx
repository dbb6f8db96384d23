// The shared-computer stripe, the big leave button and the idle warning.
// Times out a little before the server does, so that a person is told and not cut off.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { get } from './api';
import { t } from './i18n';
import { leave } from './leaving';

export const idle_ms = 13 * 60_000;
export const warning_ms = 2 * 60_000;
const events = ['pointerdown', 'keydown', 'wheel', 'touchstart'] as const;

/** The stripe and the button; `beforeLeaving` may say no by answering false (unsaved text). */
export function SharedStripe({ beforeLeaving }: { beforeLeaving?: () => Promise<boolean> }) {
  const [warned, setWarned] = useState(false);
  const [busy, setBusy] = useState(false);
  const last = useRef(Date.now());
  const touched = useRef(Date.now());
  const dialog = useRef<HTMLDialogElement>(null);

  const go = async (asked: boolean) => {
    setBusy(true);
    if (asked && beforeLeaving && !(await beforeLeaving())) {
      setBusy(false);
      return;
    }
    await leave(true);
  };
  const stay = () => {
    last.current = touched.current = Date.now();
    setWarned(false);
    void get('/api/v1/session').catch(() => undefined);
  };

  useEffect(() => {
    const active = () => { last.current = Date.now(); };
    for (const name of events) addEventListener(name, active, { passive: true, capture: true });
    const timer = setInterval(() => {
      const quiet = Date.now() - last.current;
      if (quiet > idle_ms + warning_ms) void go(false);
      else setWarned(quiet > idle_ms);
      // Writing in a pad travels by WebSocket: the session is told that somebody is there.
      if (quiet < 60_000 && Date.now() - touched.current > 5 * 60_000) {
        touched.current = Date.now();
        void get('/api/v1/session').catch(() => undefined);
      }
    }, 15_000);
    return () => {
      clearInterval(timer);
      for (const name of events) removeEventListener(name, active, { capture: true });
    };
  }, []);
  useLayoutEffect(() => {
    if (warned) dialog.current?.showModal();
    else dialog.current?.close();
  }, [warned]);

  return (
    <aside class="shared" aria-label={t('shared.label')}>
      <dialog ref={dialog} role="alertdialog" aria-labelledby="shared-warning" onCancel={stay}>
        <p id="shared-warning">{t('shared.warning')}</p>
        <p class="verbs">
          <button type="button" class="button main" onClick={stay}>{t('shared.stay')}</button>
          <button type="button" class="button outlined" onClick={() => void go(true)}>{t('shared.quit')}</button>
        </p>
      </dialog>
      <div class="shared-bar">
        <p>{t('shared.here')}</p>
        <button type="button" class="button outlined" aria-disabled={busy} onClick={() => !busy && void go(true)}>
          {t('shared.leave')}
        </button>
      </div>
    </aside>
  );
}
