// Says what another took out around words that they had not seen, and puts it back with one press.
import { useEffect } from 'preact/hooks';
import { t, tn } from '../common/i18n';
import { Notice } from '../common/signs';

const shown_max = 80;       // letters of a passage; the notice is a sentence, not a text
const short = (text: string) => (text.length > shown_max ? `${text.slice(0, shown_max).trimEnd()}…` : text);

export function TakenNotice({ texts, say, onPutBack, onForget }: { texts: string[]; say: (text: string) => void; onPutBack: () => void; onForget: () => void }) {
  const sentence = tn('pad.taken', texts.length, { text: short(texts[0]!) });
  useEffect(() => say(sentence), [sentence]);
  return (
    <Notice tone="attention">
      <p>{sentence}</p>
      <p class="verbs">
        <button type="button" class="button main" onClick={() => {
          onPutBack();
          say(t('pad.taken.done'));
        }}>{t('pad.taken.put_back')}</button>
        <button type="button" class="button outlined" onClick={onForget}>{t('close')}</button>
      </p>
    </Notice>
  );
}
