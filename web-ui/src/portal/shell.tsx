// What stands around every page: bandeau, stripe of a shared computer, undo bar, foot.
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { listCut } from '../common/api';
import { chooseLanguage, language, languageName, languages, number, t } from '../common/i18n';
import { leave } from '../common/leaving';
import { Button, Logo, Notice } from '../common/parts';
import { SharedStripe } from '../common/shared';
import { type Said, type Undo, useApp } from './state';

interface Props { children: ComponentChildren; undo: Undo | null; said: Said | null; onSaidGone: () => void; onUndoGone: () => void; wide: boolean }

function Links() {
  const { house, path } = useApp();
  const services = house?.services ?? { mail: true, sites: true, pads: true };
  const entries = [
    services.mail && { path: '/mail', text: t('nav.mail') },
    services.pads && { path: '/pads', text: t('nav.pads') },
    services.sites && { path: '/site', text: t('nav.site') },
    { path: '/members', text: t('nav.members') },
  ].filter((entry): entry is { path: string; text: string } => Boolean(entry));
  return (
    <nav aria-label={t('nav.label')} class="links">
      {entries.map((entry) => (
        <a key={entry.path} href={entry.path} {...(path === entry.path ? { 'aria-current': 'page' as const } : {})}>{entry.text}</a>
      ))}
    </nav>
  );
}

function Foot() {
  const { session, house } = useApp();
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState(false);
  const others = languages.filter((one) => one !== language);
  return (
    <footer class="foot">
      <ul>
        {session && <li><a href="/account">{t('foot.account', { name: session.name })}</a></li>}
        {session?.admin && <li><a href="/status">{t('foot.status')}</a></li>}
        {session && !session.shared_computer && (
          <li><Button kind="link" busy={busy} onClick={() => {
            setBusy(true);
            leave(false).catch(() => { setBusy(false); setFailed(true); });
          }}>{t('foot.sign_out')}</Button></li>
        )}
        {others.map((one) => (
          <li key={one}>
            <button type="button" class="button link" lang={one}
              onClick={() => chooseLanguage(one, session?.shared_computer ?? false)}>{languageName(one)}</button>
          </li>
        ))}
      </ul>
      {failed && <p role="alert">{t('foot.sign_out_failed')}</p>}
      <p class="soft">{house && !session ? t('foot.house', { name: house.name }) : t('foot.promise')}</p>
    </footer>
  );
}

/** A list of this page had more items than a browser can hold well: what is not here is said. */
function CutNotice({ place }: { place: string }) {
  const [shown, setShown] = useState(0);
  useEffect(() => {
    setShown(0);
    const cut = (event: Event) => setShown((event as CustomEvent<number>).detail);
    addEventListener(listCut, cut);
    return () => removeEventListener(listCut, cut);
  }, [place]);
  return shown > 0 ? <Notice tone="attention"><p>{t('list.cut', { n: number(shown) })}</p></Notice> : null;
}

export function Shell({ children, undo, said, onSaidGone, onUndoGone, wide }: Props) {
  const { session, house, association, chooseAssociation, path } = useApp();
  const several = (session?.associations.length ?? 0) > 1;
  const name = association?.name ?? house?.name ?? 'Hameau';
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => {
        event.preventDefault();
        document.getElementById('main')?.focus();
      }}>{t('skip')}</a>
      {session?.shared_computer && <SharedStripe />}
      <header class="bandeau">
        <div class="brand">
          <a href="/" class="home" {...(path === '/' ? { 'aria-current': 'page' as const } : {})}><Logo /><span>{name}</span></a>
          {several && (
            <label class="switcher"><span class="hidden">{t('nav.association')}</span>
              <select value={association?.slug ?? ''} onChange={(event) => chooseAssociation(event.currentTarget.value)}>
                {session!.associations.map((one) => <option key={one.slug} value={one.slug}>{one.name}</option>)}
              </select>
            </label>
          )}
        </div>
        <a class="help" href="/help" {...(path === '/help' ? { 'aria-current': 'page' as const } : {})}>{t('nav.help')}</a>
        {session && <Links />}
      </header>
      <main id="main" tabIndex={-1} class={wide ? 'wide' : ''}>
        {children}
        <CutNotice place={`${path} ${association?.slug ?? ''}`} />
      </main>
      <div class="undo-place" role="status">
        {said && (
          <div class={`undo said ${said.tone}`}>
            <p>{said.text}</p>
            <button type="button" class="button outlined" aria-label={t('close_what', { what: said.text })} onClick={onSaidGone}>{t('close')}</button>
          </div>
        )}
        {undo && (
          <div class="undo">
            <p>{undo.text}</p>
            <button type="button" class="button main" onClick={undo.undo}>{t('undo')}</button>
            <button type="button" class="button outlined" onClick={onUndoGone}>{t('close')}</button>
          </div>
        )}
      </div>
      <Foot />
    </>
  );
}

