// The history: the saved moments, the text as it was then, and making it so again. What was written since stays in the
// history, so that a restore can be undone.
import { DOMSerializer, Node } from 'prosemirror-model';
import { useEffect, useRef, useState } from 'preact/hooks';
import { call, get, type Page } from '../common/api';
import { useAction, useLoad } from '../common/hooks';
import { list, moment, t, tn } from '../common/i18n';
import { Button, Loading, ProblemNotice } from '../common/parts';
import { Dialog } from './menu';
import { schema } from './schema';

interface Moment { moment: string; from: string; to: string; authors: string[]; added: number; removed: number }
const shown_first = 30;

const nameOf = (one: Moment) => {
  const text = moment(one.to);
  return text.charAt(0).toLocaleUpperCase() + text.slice(1);
};
const what = (one: Moment) => [one.added > 0 ? tn('pad.history.added', one.added) : '', one.removed > 0 ? tn('pad.history.removed', one.removed) : '']
  .filter(Boolean).join(', ');

function Preview({ pad, moment }: { pad: string; moment: Moment }) {
  const past = useLoad(moment.moment, () => get<{ document?: unknown; type?: string }>(
    `/api/v1/pads/${pad}/history/${encodeURIComponent(moment.moment)}?format=json`));
  const place = useRef<HTMLDivElement>(null);
  const [unreadable, setUnreadable] = useState(false);
  useEffect(() => {
    if (!past.data || !place.current) return;
    try {
      const doc = Node.fromJSON(schema, past.data.document ?? past.data);
      place.current.replaceChildren(DOMSerializer.fromSchema(schema).serializeFragment(doc.content));
      setUnreadable(false);
    } catch {
      setUnreadable(true);
    }
  }, [past.data]);
  if (past.problem) return <ProblemNotice problem={past.problem} />;
  return (
    <>
      {!past.data && <Loading />}
      {unreadable && <p role="alert">{t('pad.history.unreadable')}</p>}
      <div class="text past" ref={place} role="region" tabIndex={0} aria-label={t('pad.history.text_of', { moment: nameOf(moment) })} />
    </>
  );
}

export function History({ pad, writes, onClose, onRestored }: { pad: string; writes: boolean; onClose: () => void; onRestored: (changed: boolean) => void }) {
  const [limit, setLimit] = useState(shown_first);
  const moments = useLoad(`${limit}`, () => get<Page<Moment>>(`/api/v1/pads/${pad}/history?limit=${limit}`));
  const [chosen, setChosen] = useState<Moment | null>(null);
  const { busy, problem, run } = useAction();
  const restore = (moment: Moment) => run(async () => {
    const done = await call<{ changed?: boolean } | undefined>('POST', `/api/v1/pads/${pad}/history/${encodeURIComponent(moment.moment)}/restore`, {});
    onRestored(done?.changed !== false);
    onClose();
  });
  return (
    <Dialog title={t('pad.history')} onClose={onClose} wide>
      <p class="soft">{t('pad.history.text')}</p>
      {problem && <ProblemNotice problem={problem} />}
      {moments.problem ? <ProblemNotice problem={moments.problem} /> : !moments.data ? <Loading /> : moments.data.items.length === 0 ? <p>{t('pad.history.none')}</p> : (
        <div class="history">
          <div>
            <ul class="moments" aria-label={t('pad.history.moments')}>
              {moments.data.items.map((one) => (
                <li key={one.moment}>
                  <button type="button" aria-pressed={chosen?.moment === one.moment ? 'true' : 'false'} onClick={() => setChosen(one)}>
                    <strong>{nameOf(one)}</strong>
                    <span class="soft">{[list(one.authors.filter(Boolean)), what(one)].filter(Boolean).join(' · ')}</span>
                  </button>
                </li>
              ))}
            </ul>
            {moments.data.next && limit < 500 && <p><Button onClick={() => setLimit(Math.min(500, limit * 4))}>{t('pad.history.older')}</Button></p>}
          </div>
          <div class="history-preview">
            {chosen ? (
              <>
                {writes && <p class="verbs"><Button kind="main" busy={busy} onClick={() => void restore(chosen)}>{t('pad.history.restore')}</Button>
                  <span class="soft">{t('pad.history.safe')}</span></p>}
                <Preview pad={pad} moment={chosen} />
              </>
            ) : <p class="soft">{t('pad.history.choose')}</p>}
          </div>
        </div>
      )}
    </Dialog>
  );
}
