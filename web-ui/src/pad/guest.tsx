// The bar above the text in which a guest may say a name. Shown to who comes by a link without an account; members never see it.
import { useState } from 'preact/hooks';
import { t } from '../common/i18n';
import type { Visit } from './session';

/** A guest may say a name; the house keeps it beside what they write, this tab until it is closed. */
export function GuestBar({ visit }: { visit: Visit }) {
  const [name, setName] = useState(visit.guest);
  const [gone, setGone] = useState(visit.guest !== '');
  if (gone) return null;
  return (
    <form class="guest" onSubmit={(event) => {
      event.preventDefault();
      visit.setGuest(name);
      visit.say(t('pad.guest.done'));
      setGone(true);
      document.getElementById('text')?.focus();
    }}>
      <label>{t('pad.guest.name')}<input name="guest" value={name} maxLength={40} autocomplete="off" onInput={(event) => setName(event.currentTarget.value)} /></label>
      <button type="submit" class="button outlined">{t('pad.guest.keep')}</button>
      <button type="button" class="button link" onClick={() => setGone(true)}>{t('pad.guest.without')}</button>
    </form>
  );
}
