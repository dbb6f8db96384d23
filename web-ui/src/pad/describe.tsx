// The question after an image has come in: what does it show? It waits beside the text, takes no focus and stops nobody.
import { useEffect, useState } from 'preact/hooks';
import type { EditorView } from 'prosemirror-view';
import { t } from '../common/i18n';
import { node } from './commands';

/** Every image of this address that nobody has described. */
function undescribed(view: EditorView, src: string): number[] {
  const found: number[] = [];
  view.state.doc.descendants((one, pos) => {
    if (one.type === node('image') && one.attrs.src === src && one.attrs.alt === null) found.push(pos);
    return !one.isTextblock;
  });
  return found;
}

interface Props { view: EditorView; src: string; more: number; tick: unknown; onDone: () => void }

export function DescribeBar({ view, src, more, tick, onDone }: Props) {
  const [alt, setAlt] = useState('');
  const there = undescribed(view, src).length > 0;
  // Removed, or described in another way: nothing is asked any more.
  useEffect(() => { if (!there) onDone(); }, [there, tick]);
  useEffect(() => setAlt(''), [src]);
  const keep = (value: string) => {
    const { tr } = view.state;
    for (const pos of undescribed(view, src)) tr.setNodeAttribute(pos, 'alt', value);
    view.dispatch(tr);
    onDone();
    view.focus();
  };
  return (
    <form class="describe" aria-label={t('pad.describe.bar')} onSubmit={(event) => { event.preventDefault(); if (alt.trim()) keep(alt.trim()); }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.preventDefault();
        onDone();
        view.focus();
      }}>
      <label>{t('pad.describe.question')} <span class="soft">{t('pad.describe.why')}</span>
        <input name="describe" value={alt} maxLength={500} autocomplete="off" onInput={(event) => setAlt(event.currentTarget.value)} /></label>
      <span class="find-verbs">
        <button type="submit" class="word-tool">{t('save')}</button>
        <button type="button" class="word-tool" onClick={() => keep('')}>{t('pad.describe.decoration')}</button>
        <button type="button" class="word-tool" onClick={() => { onDone(); view.focus(); }}>{t('pad.describe.later')}</button>
      </span>
      {more > 0 && <p class="soft">{t('pad.describe.more', { n: more })}</p>}
    </form>
  );
}
