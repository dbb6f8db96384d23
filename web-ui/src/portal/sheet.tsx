// A sheet for the printer. It is not in the page that one sees: while it exists, printing prints it and nothing else.
import { render, type ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import encodeQr from 'qr';
import type { Invitation, Member } from '../common/api';
import { day, t } from '../common/i18n';
import { inLetters } from './letters';

export function Sheet({ children }: { children: ComponentChildren }) {
  useEffect(() => {
    const place = document.createElement('div');
    place.className = 'sheet';
    place.setAttribute('aria-hidden', 'true');
    document.body.append(place);
    document.documentElement.classList.add('has-sheet');
    render(<>{children}</>, place);
    return () => {
      render(null, place);
      place.remove();
      document.documentElement.classList.toggle('has-sheet', document.querySelector('.sheet') !== null);
    };
  });
  return null;
}

function Qr({ text }: { text: string }) {
  const grid = encodeQr(text, 'raw', { ecc: 'medium', border: 4 });
  const dark = grid.map((row, y) => row.map((one, x) => (one ? `M${x} ${y}h1v1h-1z` : '')).join('')).join('');
  return (
    <svg class="qr" viewBox={`0 0 ${grid.length} ${grid.length}`} aria-hidden="true">
      <path d={dark} shape-rendering="crispEdges" />
    </svg>
  );
}

interface WelcomeProps { person: Pick<Member, 'name' | 'login' | 'mailbox'>; invitation: Invitation; association: string; helper: string }
/** The welcome sheet: where to go, the code, three steps, whom to ask. One page, black only. */
export function WelcomeSheet({ person, invitation, association, helper }: WelcomeProps) {
  return (
    <Sheet>
      <h1>{t('sheet.welcome', { name: person.name.split(' ')[0] ?? person.name })}</h1>
      <p>{t('sheet.text', { association })} {t('sheet.login', { login: person.login })}.</p>
      {person.mailbox && <p>{t('sheet.mailbox', { address: person.mailbox })}</p>}
      <ol>
        <li>{t('sheet.step_open')}<strong class="sheet-address">{inLetters(location.host)}/invitation</strong></li>
        <li>{t('sheet.step_code')}</li>
        <li>{t('sheet.step_password')}<span class="sheet-box" /></li>
      </ol>
      <p class="sheet-foot">{t('sheet.until', { date: day(invitation.expires) })} {t('sheet.whom', { name: helper })}</p>
      <p class="sheet-fold"><span>{t('sheet.fold')}</span></p>
      <div class="sheet-secret">
        <strong class="sheet-code">{invitation.code}</strong>
        <div><Qr text={invitation.url} /><p>{t('sheet.qr')}</p></div>
      </div>
    </Sheet>
  );
}
