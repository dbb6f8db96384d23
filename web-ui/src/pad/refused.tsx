// When a text cannot be shown: what happened, what is kept, what to do.
import { useRef, useState } from 'preact/hooks';
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

const kindOf = (problem: Problem, visit: Visit) => (problem.code === 'page_outdated' ? 'outdated' : problem.status === 401 ? 'sign_in'
  : problem.status === 403 ? (visit.ready ? 'lost' : visit.session ? 'access' : 'key')
    : problem.code === 'pad_deleted' ? 'bin' : problem.status === 404 ? 'gone' : 'other');

function download(text: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  link.download = 'hameau.txt';
  link.click();
  URL.revokeObjectURL(link.href);
}

/** Words that the house has not: to be copied or downloaded, and to be let go where this browser keeps them. */
function Words({ visit }: { visit: Visit }) {
  const [said, setSaid] = useState('');
  const field = useRef<HTMLTextAreaElement>(null);
  const { words } = visit;
  return (
    <div class="field">
      <label for="rescued">{t('pad.refused.your_text')}</label>
      {visit.wordsKept && <p class="soft">{t('pad.refused.kept')}</p>}
      <textarea id="rescued" ref={field} readOnly rows={8} value={words} />
      <p class="verbs">
        <button type="button" class="button outlined" onClick={() => {
          field.current?.select();
          void navigator.clipboard.writeText(words).then(() => setSaid(t('copy.done')), () => setSaid(''));
        }}>{t('copy')}</button>
        <button type="button" class="button outlined" onClick={() => download(words)}>{t('pad.refused.download')}</button>
        {visit.wordsKept && <button type="button" class="button danger" onClick={() => void visit.removeCopy().then(() => setSaid(t('pad.refused.forgotten')))}>
          {t('pad.refused.forget')}</button>}
        <span role="status">{said}</span>
      </p>
    </div>
  );
}

export function Refused({ problem, visit }: { problem: Problem; visit: Visit }) {
  const kind = kindOf(problem, visit);
  return (
    <>
      <header class="pad-head"><a class="home" href="/" aria-label={t('not_found.home')}><Logo /></a></header>
      <main class="refused">
        <h1 tabIndex={-1}>{t(`pad.refused.${kind}.title`)}</h1>
        <p>{t(`pad.refused.${kind}.text`)}</p>
        {kind === 'other' && <p role="alert">{problem.detail}</p>}
        {problem.reference && <p class="soft">{t('error.reference', { reference: problem.reference })}</p>}
        {visit.words && <Words visit={visit} />}
        <p class="verbs">
          {kind === 'sign_in' && <a class="button main" href="/sign-in" onClick={remember}>{t('sign_in.enter')}</a>}
          {(kind === 'other' || kind === 'outdated') && <button type="button" class="button main" onClick={() => location.reload()}>{t(kind === 'other' ? 'again' : 'pad.refused.reload')}</button>}
          {visit.session ? <a class={kind === 'other' || kind === 'outdated' ? 'button outlined' : 'button main'} href="/pads">{t('pad.all')}</a>
            : kind !== 'sign_in' && <a class="button outlined" href="/">{t('not_found.home')}</a>}
        </p>
      </main>
    </>
  );
}
