// The slider over the whole life of a text: any place by pointer or keys, and playing it like a film.
import { useEffect, useId, useState } from 'preact/hooks';
import { moment, t } from '../common/i18n';
import { Button } from '../common/parts';
import type { Person } from './provider';

export interface Place { at: number; time: string; author: number; moment: string }
const pause_ms = 250;

interface SliderProps { places: Place[]; authors: Record<number, Person>; index: number; shown: number; onIndex: (index: number) => void }

export const placeName = (place: Place, authors: Record<number, Person>) => {
  const name = authors[place.author]?.name;
  const time = moment(place.time);
  const text = name ? t('pad.history.place', { moment: time, name }) : time;
  return text.charAt(0).toLocaleUpperCase() + text.slice(1);
};

/** `shown`: the step whose text is on the screen. The film waits for each picture. */
export function Slider({ places, authors, index, shown, onIndex }: SliderProps) {
  const [playing, setPlaying] = useState(false);
  const id = useId();
  const last = places.length - 1;
  const here = places[index];
  useEffect(() => {
    if (!playing || shown !== here?.at) return undefined;
    if (index >= last) {
      setPlaying(false);
      return undefined;
    }
    const timer = setTimeout(() => onIndex(index + 1), pause_ms);
    return () => clearTimeout(timer);
  }, [playing, index, shown]);
  const play = () => {
    if (!playing && index >= last) onIndex(0);
    setPlaying(!playing);
  };
  const step = (to: number) => {
    setPlaying(false);
    onIndex(Math.min(last, Math.max(0, to)));
  };
  return (
    <div class="film">
      <label for={id}>{t('pad.history.life')}</label>
      <input type="range" id={id} min={0} max={last} step={1} value={index} aria-valuetext={here ? placeName(here, authors) : ''}
        onInput={(event) => step(Number(event.currentTarget.value))} />
      <p class="verbs">
        <Button onClick={play}>{t(playing ? 'pad.history.pause' : 'pad.history.play')}</Button>
        <Button onClick={() => step(index - 1)} disabled={index <= 0}>{t('pad.history.step_back')}</Button>
        <Button onClick={() => step(index + 1)} disabled={index >= last}>{t('pad.history.step_on')}</Button>
      </p>
    </div>
  );
}
