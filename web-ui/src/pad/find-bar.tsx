// Find and replace, above the text.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { EditorView } from 'prosemirror-view';
import { t, tn } from '../common/i18n';
import { find, found, go, replaceAll, replaceOne } from './find';

export function FindBar({ view, writes, onClose, tick }: { view: EditorView; writes: boolean; onClose: () => void; tick: unknown }) {
  const [text, setText] = useState(() => {
    const { from, to } = view.state.selection;
    const chosen = view.state.doc.textBetween(from, to, ' ');
    return chosen.length < 100 ? chosen : '';
  });
  const [other, setOther] = useState('');
  const [exact, setExact] = useState(false);
  const [said, setSaid] = useState('');
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    field.current?.focus();
    field.current?.select();
    return () => { if (!view.isDestroyed) find(view, null); };
  }, []);
  useEffect(() => {
    setSaid('');
    find(view, { text, exact });
  }, [text, exact]);
  void tick;
  const { matches, current } = found(view.state);
  const status = said || (text === '' ? '' : matches.length === 0 ? t('pad.find.none') : t('pad.find.at', { n: current + 1, all: matches.length }));
  const close = () => {
    onClose();
    view.focus();
  };
  return (
    <form class="find" role="search" aria-label={t('pad.find.title')} onSubmit={(event) => { event.preventDefault(); go(view, 1); }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.preventDefault();
        close();
      }}>
      <label>{t('pad.find.text')}<input ref={field} type="search" value={text} onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter') return;
          event.preventDefault();
          go(view, event.shiftKey ? -1 : 1);
        }} /></label>
      {writes && <label>{t('pad.find.with')}<input type="text" value={other} onInput={(event) => setOther(event.currentTarget.value)} /></label>}
      <span class="find-verbs">
        <button type="button" class="word-tool" onClick={() => go(view, -1)}>{t('pad.find.previous')}</button>
        <button type="submit" class="word-tool">{t('pad.find.next')}</button>
        {writes && <button type="button" class="word-tool" onClick={() => replaceOne(view, other)}>{t('pad.find.replace')}</button>}
        {writes && <button type="button" class="word-tool" onClick={() => {
          const count = replaceAll(view, other);
          setSaid(tn('pad.find.replaced', count));
        }}>{t('pad.find.replace_all')}</button>}
        <label class="find-exact"><input type="checkbox" checked={exact} onChange={(event) => setExact(event.currentTarget.checked)} /><span>{t('pad.find.exact')}</span></label>
        <button type="button" class="word-tool" onClick={close}>{t('close')}</button>
      </span>
      <p role="status" class="find-status">{status}</p>
    </form>
  );
}
