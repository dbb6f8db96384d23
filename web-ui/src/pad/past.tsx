// A text of the past: as it was, with what was added and removed, by whom, in colour and in words; its paragraphs can be brought back one by one.
import { DOMSerializer, type DOMOutputSpec, type Mark, Node, type NodeSpec, Schema } from 'prosemirror-model';
import { useEffect, useRef, useState } from 'preact/hooks';
import { get } from '../common/api';
import { asProblem } from '../common/hooks';
import type { Problem } from '../common/api';
import { t, tn } from '../common/i18n';
import { ProblemNotice } from '../common/parts';
import { clampValues } from './clamp';
import type { Person } from './provider';
import { schema } from './schema';

export interface Change { author: number; kind: 'added' | 'removed'; words: number }
export interface Picture { at: number; since: number; authors: Record<number, Person>; changes: Change[]; document: unknown }
/** What is looked at: steps of the film, and the names of the moments at both ends. */
export interface Look { at: number; since: number; moment: string; before: string | null; name: string }

/** As Stretch of modules/pads/history/film.hpp. */
export function stretchOf(group: number): { kind: 'kept' | 'added' | 'removed'; lost: boolean; author: number } {
  const number = group - 1;
  return { kind: (['kept', 'added', 'removed'] as const)[Math.floor(number / 2) % 3]!, lost: number % 2 === 1, author: Math.floor(number / 6) };
}

/** The same nodes, which also say which line of the shared text they are. */
function lined(name: string, spec: NodeSpec): NodeSpec {
  if (name === 'text' || name === 'doc' || !spec.toDOM) return spec;
  return {
    ...spec,
    attrs: { ...spec.attrs, line: { default: null }, group: { default: 0 } },
    toDOM: (node) => {
      const out = spec.toDOM!(node) as unknown as [string, ...unknown[]];
      if (node.attrs.line === null) return out as unknown as DOMOutputSpec;
      const has = typeof out[1] === 'object' && !Array.isArray(out[1]);
      const own = { ...(has ? out[1] as object : {}), 'data-line': String(node.attrs.line), 'data-group': String(Number(node.attrs.group) || 0) };
      return [out[0], own, ...out.slice(has ? 2 : 1)] as unknown as DOMOutputSpec;
    },
  };
}

const nodes: Record<string, NodeSpec> = {};
schema.spec.nodes.forEach((name, spec) => { nodes[name] = lined(name, spec); });
nodes.codeBlock = { ...nodes.codeBlock!, marks: 'stretch' };
const past_schema = new Schema({ nodes, marks: schema.spec.marks.addToStart('stretch', { attrs: { group: { default: 0 } }, excludes: '', toDOM: () => ['span', 0] }) });
clampValues(past_schema);

interface Shown { picture: Picture; colours: boolean; colourOf: (person: Person) => number }

const spoken = (text: string) => {
  const words = document.createElement('span');
  words.className = 'hidden spoken';
  words.textContent = `${text} `;
  return words;
};

/** The text as elements: `ins` and `del` in their author's colour, each with its words for who hears the page. */
function elementsOf({ picture, colours, colourOf }: Shown): DocumentFragment {
  const look = (author: number) => {
    const person = picture.authors[author];
    return person?.name ? { class: `written-by author-${colourOf(person)}`, title: person.name } : {};
  };
  const stretch = (mark: Mark): DOMOutputSpec => {
    const { kind, lost, author } = stretchOf(Number(mark.attrs.group) || 1);
    const tag = kind === 'added' ? 'ins' : kind === 'removed' ? 'del' : 'span';
    return [tag, { ...(kind !== 'kept' || colours ? look(author) : {}), ...(lost ? { 'data-lost': '' } : {}), 'data-author': String(author) }, 0];
  };
  const serializer = new DOMSerializer(DOMSerializer.nodesFromSchema(past_schema), { ...DOMSerializer.marksFromSchema(past_schema), stretch });
  const fragment = serializer.serializeFragment(Node.fromJSON(past_schema, picture.document).content) as DocumentFragment;
  for (const changed of fragment.querySelectorAll<HTMLElement>('ins, del')) {
    const name = picture.authors[Number(changed.dataset.author)]?.name || t('pad.history.somebody');
    changed.prepend(spoken(t(changed.tagName === 'INS' ? 'pad.history.spoken_added' : 'pad.history.spoken_removed', { name })));
  }
  // Pictures and rules have no letters of their own.
  for (const whole of fragment.querySelectorAll<HTMLElement>('img[data-line], hr[data-line]')) {
    const group = Number(whole.dataset.group);
    const kind = group > 0 ? stretchOf(group).kind : 'kept';
    if (kind === 'kept') continue;
    whole.classList.add(`whole-${kind}`);
    const name = picture.authors[stretchOf(group).author]?.name || t('pad.history.somebody');
    const words = document.createElement('p');
    words.className = 'soft';
    words.dataset.aside = '';
    words.textContent = t(kind === 'added' ? 'pad.history.spoken_added' : 'pad.history.spoken_removed', { name });
    whole.before(words);
  }
  return fragment;
}

/** A button behind each paragraph of which something stands here and not today, or was removed here. */
function addVerbs(place: HTMLElement, look: Look, bring: (line: string, moment: string, words: string) => void): void {
  for (const block of place.querySelectorAll<HTMLElement>('[data-line]')) {
    const lost = block.querySelector('[data-lost]') !== null;
    const removed = block.querySelector('del') !== null;
    const moment = lost ? look.moment : removed ? look.before : null;
    if (!moment) continue;
    const bare = block.cloneNode(true) as HTMLElement;
    for (const aside of bare.querySelectorAll('.spoken')) aside.remove();
    const words = (bare.textContent ?? '').trim().slice(0, 60);
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'bring-back';
    button.dataset.aside = '';
    button.textContent = t('pad.history.bring_back');
    button.setAttribute('aria-label', t('pad.history.bring_back_of', { words }));
    button.addEventListener('click', () => bring(block.dataset.line ?? '0', moment, words));
    block.after(button);
  }
}

/** The text without what was removed and without the page's own words, for the clipboard. */
export function copyOf(place: HTMLElement): string {
  const copy = place.cloneNode(true) as HTMLElement;
  for (const aside of copy.querySelectorAll('del, .spoken, [data-aside], .whole-removed')) aside.remove();
  for (const one of copy.querySelectorAll<HTMLElement>('ins, span[data-author]')) one.replaceWith(...one.childNodes);
  for (const one of copy.querySelectorAll<HTMLElement>('[data-line]')) { delete one.dataset.line; delete one.dataset.group; }
  return copy.innerHTML;
}

interface PastProps {
  pad: string; upto: string; look: Look; colours: boolean; writes: boolean; place: { current: HTMLDivElement | null };
  colourOf: (person: Person) => number; onBring: (line: string, moment: string, words: string) => void; onShown?: (at: number) => void;
}

export function Past({ pad, upto, look, colours, writes, place, colourOf, onBring, onShown }: PastProps) {
  const [picture, setPicture] = useState<Picture | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [unreadable, setUnreadable] = useState(false);
  const wanted = useRef<string | null>(null);
  const running = useRef(false);
  // One question at a time, then the newest one: the slider asks faster than a slow line answers. The picture of before stays until
  // the next one is there.
  const ask = async () => {
    if (running.current) return;
    running.current = true;
    for (let asked: string | null = null; wanted.current !== null && wanted.current !== asked;) {
      asked = wanted.current;
      try {
        const got = await get<Picture>(asked);
        if (wanted.current !== null) setPicture(got);
        setProblem(null);
      } catch (error) {
        if (wanted.current === asked) setProblem(asProblem(error));
      }
    }
    running.current = false;
  };
  useEffect(() => {
    wanted.current = `/api/v1/pads/${pad}/film/${look.at}?since=${look.since}&upto=${encodeURIComponent(upto)}`;
    void ask();
  }, [pad, upto, look.at, look.since]);
  useEffect(() => () => { wanted.current = null; }, []);
  useEffect(() => {
    if (!picture || !place.current) return;
    try {
      place.current.replaceChildren(elementsOf({ picture, colours, colourOf }));
      if (writes && picture.at === look.at && picture.since === look.since) addVerbs(place.current, look, onBring);
      setUnreadable(false);
    } catch {
      setUnreadable(true);
    }
    onShown?.(picture.at);
  }, [picture, colours, writes, look.moment]);
  return (
    <>
      {problem && <ProblemNotice problem={problem} />}
      {unreadable && <p role="alert">{t('pad.history.unreadable')}</p>}
      {picture && picture.since < picture.at && (
        <ul class="changes" aria-label={t('pad.history.changes')}>
          {picture.changes.length === 0 && <li>{t('pad.history.no_words')}</li>}
          {picture.changes.map(({ author, kind, words }) => {
            const person = picture.authors[author];
            return (
              <li key={`${author} ${kind}`} class={person?.name ? `author-${colourOf(person)}` : ''}>
                <span class={`swatch ${kind}`} aria-hidden="true" />
                {tn(kind === 'added' ? 'pad.history.who_added' : 'pad.history.who_removed', words, { name: person?.name || t('pad.history.somebody') })}
              </li>
            );
          })}
        </ul>
      )}
      <div class="text past" ref={place} role="region" tabIndex={0} aria-label={t('pad.history.text_of', { moment: look.name })} data-at={picture?.at ?? ''} />
    </>
  );
}
