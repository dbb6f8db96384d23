// The history: the whole life of the text as a film, its moments by day, each named by what happened, the text as it was then, and making
// it so again, whole or one paragraph. What was written since stays in the history, so that a restore can be undone.
import { useRef, useState } from 'preact/hooks';
import { call, get, getFile } from '../common/api';
import { useAction, useLoad } from '../common/hooks';
import { clock, day, list, t, tn } from '../common/i18n';
import { Button, Check, copyText, Loading, ProblemNotice } from '../common/parts';
import { Dialog } from './menu';
import { copyOf, type Look, Past } from './past';
import type { Person } from './provider';
import { type Place, placeName, Slider } from './slider';

interface Before { author: string; at: string; words: number; replaced: boolean }
interface Moment {
  moment: string; since: number; at: number; from: string; to: string; authors: string[]; words_added: number; words_removed: number; before?: Before;
}
interface Film { upto: string; steps: number; authors: Record<number, Person>; moments: Moment[]; moments_left_out: number; places: Place[] }

/** By what happened, then by the clock. */
function nameOf(one: Moment): string {
  if (one.before) {
    return tn(one.before.replaced ? 'pad.history.before_replaced' : 'pad.history.before_removed', one.before.words, { time: clock(one.before.at) });
  }
  const time = clock(one.to);
  const added = one.words_added > 0 ? tn('pad.history.words_added', one.words_added) : '';
  const removed = one.words_removed > 0 ? tn('pad.history.words_removed', one.words_removed) : '';
  const what = added && removed ? t('pad.history.both', { added, removed }) : added || removed || t('pad.history.form');
  return t('pad.history.named', { what, time });
}

const byWhom = (one: Moment) => (one.before ? t('pad.history.by', { name: one.before.author || t('pad.history.somebody') }) : list(one.authors.filter(Boolean)));

interface Day { name: string; moments: Moment[] }
function daysOf(moments: Moment[]): Day[] {
  const days: Day[] = [];
  for (const one of moments) {
    const name = day(one.to);
    if (days[days.length - 1]?.name === name) days[days.length - 1]!.moments.push(one);
    else days.push({ name, moments: [one] });
  }
  return days;
}

function DayList({ one, open, chosen, onChoose }: { one: Day; open: boolean; chosen: number; onChoose: (moment: Moment) => void }) {
  const names = [...new Set(one.moments.flatMap((moment) => moment.authors))].filter(Boolean);
  return (
    <details class="day" open={open}>
      <summary><strong>{one.name}</strong> <span class="soft">{[tn('pad.history.of_day', one.moments.length), list(names)].filter(Boolean).join(' · ')}</span></summary>
      <ul class="moments">
        {one.moments.map((moment) => (
          <li key={moment.moment}>
            <button type="button" aria-pressed={chosen === moment.at ? 'true' : 'false'} onClick={() => onChoose(moment)}>
              <strong>{nameOf(moment)}</strong>
              <span class="soft">{byWhom(moment)}</span>
            </button>
          </li>
        ))}
      </ul>
    </details>
  );
}

interface HistoryProps { pad: string; writes: boolean; colourOf: (person: Person) => number; onClose: () => void; onRestored: (changed: boolean) => void }

function Watch({ pad, film, writes, colourOf, onRestored, onClose, onChanged }: HistoryProps & { film: Film; onChanged: () => void }) {
  const newest = film.moments[0];
  const lookAt = (one: Moment): Look => {
    // The list leaves some out.
    const before = film.moments.find((other) => other.at === one.since);
    return { at: one.at, since: one.since, moment: one.moment, before: before?.moment ?? null, name: nameOf(one) };
  };
  const [look, setLook] = useState<Look | null>(newest ? lookAt(newest) : null);
  const [colours, setColours] = useState(true);
  const [shown, setShown] = useState(0);
  const [said, setSaid] = useState('');
  const place = useRef<HTMLDivElement>(null);
  const { busy, problem, run } = useAction();
  const index = look ? Math.max(0, film.places.filter((one) => one.at <= look.at).length - 1) : 0;
  const restore = (moment: string) => run(async () => {
    const done = await call<{ changed?: boolean } | undefined>('POST', `/api/v1/pads/${pad}/history/${encodeURIComponent(moment)}/restore`, {});
    onRestored(done?.changed !== false);
    onClose();
  });
  const bring = (line: string, moment: string, words: string) => void run(async () => {
    const done = await call<{ changed?: boolean } | undefined>('POST', `/api/v1/pads/${pad}/history/${encodeURIComponent(moment)}/restore?line=${encodeURIComponent(line)}`, {});
    setSaid(t(done?.changed === false ? 'pad.history.line_same' : 'pad.history.line_back', { words }));
    onChanged();
  });
  const copy = (moment: string) => run(async () => {
    const plain = await (await getFile(`/api/v1/pads/${pad}/history/${encodeURIComponent(moment)}?format=text`, {})).text();
    const html = place.current ? copyOf(place.current) : '';
    try {
      await navigator.clipboard.write([new ClipboardItem({ 'text/plain': new Blob([plain], { type: 'text/plain' }), 'text/html': new Blob([html], { type: 'text/html' }) })]);
      setSaid(t('pad.history.copied'));
    } catch {
      setSaid(t(await copyText(plain, place.current) ? 'pad.history.copied' : 'pad.history.copy_by_hand'));
    }
  });
  const toPlace = (to: number) => {
    const one = film.places[to];
    if (one) setLook({ at: one.at, since: one.at, moment: one.moment, before: null, name: placeName(one, film.authors) });
  };
  return (
    <>
      {problem && <ProblemNotice problem={problem} />}
      <Slider places={film.places} authors={film.authors} index={index} shown={shown} onIndex={toPlace} />
      <div class="history">
        <div class="days" role="group" aria-label={t('pad.history.moments')}>
          {daysOf(film.moments).map((one, i) => <DayList key={one.name} one={one} open={i === 0} chosen={look && look.since < look.at ? look.at : -1} onChoose={(moment) => setLook(lookAt(moment))} />)}
          {film.moments_left_out > 0 && <p class="soft">{t('pad.history.older_by_slider')}</p>}
        </div>
        <div class="history-preview">
          <p role="status" class="soft">{said}</p>
          {look && (
            <>
              <h3>{look.name}</h3>
              <p class="verbs">
                {writes && <Button kind="main" busy={busy} onClick={() => void restore(look.moment)}>{t('pad.history.restore')}</Button>}
                <Button onClick={() => void copy(look.moment)}>{t('pad.history.copy')}</Button>
                {writes && <span class="soft">{t('pad.history.safe')}</span>}
              </p>
              <Check label={t('pad.history.colours')} checked={colours} onValue={setColours} />
              <Past pad={pad} upto={film.upto} look={look} colours={colours} writes={writes} place={place} colourOf={colourOf} onBring={bring} onShown={setShown} />
            </>
          )}
        </div>
      </div>
    </>
  );
}

export function History(props: HistoryProps) {
  const film = useLoad('film', () => get<Film>(`/api/v1/pads/${props.pad}/film`));
  return (
    <Dialog title={t('pad.history')} onClose={props.onClose} wide>
      <p class="soft">{t('pad.history.text')}</p>
      {film.problem ? <ProblemNotice problem={film.problem} /> : !film.data ? <Loading /> : film.data.moments.length === 0 ? <p>{t('pad.history.none')}</p>
        : <Watch {...props} film={film.data} onChanged={film.reload} />}
    </Dialog>
  );
}
