// When a text cannot be shown: what happened, what is kept, what to do.
import { useRef, useState } from 'preact/hooks';
import type { EditorView } from 'prosemirror-view';
import type { Problem } from '../common/api';
import { t } from '../common/i18n';
import { Logo } from '../common/signs';
import type { Visit } from './session';

/** Where the sign-in page leads afterwards; only within this tab. */
function remember(): void {
  try {
    sessionStorage.setItem('hameau.next', location.pathname);
  } catch {
    // Then it leads home.
  }
}

const kindOf = (problem: Problem, visit: Visit) => (problem.status === 401 ? 'sign_in'
  : problem.status === 403 ? (visit.ready ? 'lost' : visit.session ? 'access' : 'key')
    : problem.code === 'pad_deleted' ? 'bin' : problem.status === 404 ? 'gone' : 'other');

export function Refused({ problem, visit, view }: { problem: Problem; visit: Visit; view: EditorView | null }) {
  const kind = kindOf(problem, visit);
  const [copied, setCopied] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  const text = view && visit.waiting ? view.state.doc.textBetween(0, view.state.doc.content.size, '\n\n') : '';
  return (
    <>
      <header class="pad-head"><a class="home" href="/" aria-label={t('not_found.home')}><Logo /></a></header>
      <main class="refused">
        <h1 tabIndex={-1}>{t(`pad.refused.${kind}.title`)}</h1>
        <p>{t(`pad.refused.${kind}.text`)}</p>
        {kind === 'other' && <p role="alert">{problem.detail}</p>}
        {problem.reference && <p class="soft">{t('error.reference', { reference: problem.reference })}</p>}
        {text && (
          <div class="field">
            <label for="rescued">{t('pad.refused.your_text')}</label>
            <textarea id="rescued" ref={field} readOnly rows={8} value={text} />
            <p class="verbs"><button type="button" class="button outlined" onClick={() => {
              field.current?.select();
              void navigator.clipboard.writeText(text).then(() => setCopied(true), () => setCopied(false));
            }}>{t('copy')}</button><span role="status">{copied ? t('copy.done') : ''}</span></p>
          </div>
        )}
        <p class="verbs">
          {kind === 'sign_in' && <a class="button main" href="/sign-in" onClick={remember}>{t('sign_in.enter')}</a>}
          {kind === 'other' && <button type="button" class="button main" onClick={() => location.reload()}>{t('again')}</button>}
          {visit.session ? <a class={kind === 'other' ? 'button outlined' : 'button main'} href="/pads">{t('pad.all')}</a>
            : kind !== 'sign_in' && <a class="button outlined" href="/">{t('not_found.home')}</a>}
        </p>
      </main>
    </>
  );
}
