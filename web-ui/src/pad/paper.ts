// The paper that people write on: one ProseMirror view. It can take letters before the rest of the editor and the shared
// document have come (first.ts); then it is bound to that (editor.ts), and what was written is told again (replay).
import { baseKeymap } from 'prosemirror-commands';
import { keymap } from 'prosemirror-keymap';
import { type Node, Slice } from 'prosemirror-model';
import { EditorState, Plugin } from 'prosemirror-state';
import { Mapping, ReplaceStep, type Step, StepMap } from 'prosemirror-transform';
import { EditorView } from 'prosemirror-view';
import './texts';
import { farViews, holdInSight, isLong, jumps } from './far';
import { firstKeys } from './first-commands';
import { headHeight } from './head-room';
import { schema } from './schema';
import { ImageView, TableView, TaskView } from './views';

export interface PaperParts { writes: boolean; padKey: string; changed: (docChanged: boolean) => void; attributes: () => Record<string, string> }

/** What is pasted before the cleaner has come waits for it; a file dropped must not lead away from the page. */
class Waiting {
  private readonly kept: { html: string; text: string }[] = [];
  readonly plugin = new Plugin({
    props: {
      handlePaste: (_view, event) => {
        const html = event.clipboardData?.getData('text/html') ?? '';
        this.kept.push({ html, text: event.clipboardData?.getData('text/plain') ?? '' });
        return true;
      },
      handleDrop: (_view, event) => {
        event.preventDefault();
        return true;
      },
    },
  });

  give(view: EditorView): void {
    for (const { html, text } of this.kept) {
      if (html) view.pasteHTML(html);
      else if (text) view.pasteText(text);
    }
  }
}

export class Paper {
  readonly view: EditorView;
  readonly waiting = new Waiting();
  readonly base = [keymap(firstKeys), keymap(baseKeymap)];
  /** Until it is bound: what was done to `begun`. */
  private steps: { step: Step; inverted: Step }[] | null = [];

  constructor(place: HTMLElement, private readonly begun: Node, private parts: PaperParts) {
    this.view = new EditorView(place, {
      state: EditorState.create({ doc: begun, plugins: [this.waiting.plugin, ...this.base] }),
      editable: () => this.parts.writes,
      attributes: ({ doc }) => ({
        ...this.parts.attributes(), class: isLong(doc) ? 'text long' : 'text', lang: document.documentElement.lang, spellcheck: 'true',
        ...(this.parts.writes ? { role: 'textbox', 'aria-multiline': 'true' } : { role: 'document', tabindex: '0' }),
      }),
      scrollMargin: { get top() { return headHeight() + 30; }, bottom: 120, left: 0, right: 0 },
      scrollThreshold: { get top() { return headHeight() + 10; }, bottom: 100, left: 0, right: 0 },
      nodeViews: {
        ...(isLong(begun) ? farViews : {}),
        table: (one) => new TableView(one),
        taskItem: (one, it, getPos) => new TaskView(one, it, getPos),
        image: (one, it, getPos) => new ImageView(one, it, getPos, parts.padKey),
      },
      dispatchTransaction: (tr) => {
        const before = this.view.state;
        this.view.updateState(before.apply(tr));
        tr.steps.forEach((step, i) => this.steps?.push({ step, inverted: step.invert(tr.docs[i]!) }));
        if (this.view.hasFocus() && jumps(tr, before)) holdInSight(this.view);
        this.parts.changed(tr.docChanged);
      },
    });
  }

  get written(): boolean {
    return Boolean(this.steps?.length);
  }

  setWrites(on: boolean): void {
    this.parts.writes = on;
    this.view.setProps({});      // looks at its attributes again
  }

  /** From now on it shows `state`, which may differ from what it began with; what was written meanwhile is done again there. */
  bind(state: EditorState, parts: PaperParts): void {
    const steps = this.steps ?? [];
    const selection = this.view.state.selection;
    this.steps = null;
    this.parts = parts;
    this.view.updateState(state);
    this.view.setProps({});
    if (state.doc === this.begun) return;
    const { tr, mapping } = replay(this.begun, steps, state);
    this.view.dispatch(tr.setSelection(selection.map(tr.doc, mapping)));
  }
}

/** Triples of [place in `before`, size there, size in `after`], as a StepMap has them: block by block, so that what nobody
 * touched keeps its place. `at`: where the content of `before` begins. */
function differences(before: Node, after: Node, at: number): number[] {
  if (before.eq(after)) return [];
  if (before.isTextblock) {
    const from = before.content.findDiffStart(after.content);
    if (from === null) return [];
    const end = before.content.findDiffEnd(after.content)!;
    // The same signs on both sides of the change could count for both ends.
    const overlap = Math.max(0, from - Math.min(end.a, end.b));
    return [at + from, end.a + overlap - from, end.b + overlap - from];
  }
  const olds = before.children;
  const news = after.children;
  // common[i][j]: how many blocks from i and j on are in both, in order.
  const common = Array.from({ length: olds.length + 1 }, () => new Uint16Array(news.length + 1));
  for (let i = olds.length - 1; i >= 0; i -= 1) {
    for (let j = news.length - 1; j >= 0; j -= 1) {
      common[i]![j] = olds[i]!.eq(news[j]!) ? common[i + 1]![j + 1]! + 1 : Math.max(common[i + 1]![j]!, common[i]![j + 1]!);
    }
  }
  const found: number[] = [];
  const size = (blocks: readonly Node[]) => blocks.reduce((sum, one) => sum + one.nodeSize, 0);
  const gap = (gone: readonly Node[], come: readonly Node[]) => {
    const alike = gone.length === come.length && gone.every((one, k) => one.type === come[k]!.type && !one.isLeaf);
    if (!alike && (gone.length > 0 || come.length > 0)) found.push(at, size(gone), size(come));
    gone.forEach((one, k) => {
      if (alike) found.push(...differences(one, come[k]!, at + 1));
      at += one.nodeSize;
    });
  };
  let [i, j, oldFrom, newFrom] = [0, 0, 0, 0];
  while (i < olds.length && j < news.length) {
    if (olds[i]!.eq(news[j]!)) {
      gap(olds.slice(oldFrom, i), news.slice(newFrom, j));
      at += olds[i]!.nodeSize;
      [oldFrom, newFrom] = [i += 1, j += 1];
    } else if (common[i + 1]![j]! >= common[i]![j + 1]!) {
      i += 1;
    } else {
      j += 1;
    }
  }
  gap(olds.slice(oldFrom), news.slice(newFrom));
  return found;
}

/** The steps that led away from `begun`, done in `state` as far as their places are still there; words whose place is
 * gone are put in behind the block where they were written. `mapping` leads from where the steps ended. */
export function replay(begun: Node, steps: { step: Step; inverted: Step }[], state: EditorState) {
  const { tr } = state;
  const mapping = new Mapping([...steps].reverse().map(({ inverted }) => inverted.getMap()));
  mapping.appendMap(new StepMap(differences(begun, state.doc, 0)));
  const homeless: { at: number; text: string }[] = [];
  steps.forEach(({ step }, i) => {
    const mirror = steps.length - i;
    const there = step.map(mapping.slice(mirror));
    if (there && !tr.maybeStep(there).failed) {
      mapping.appendMap(there.getMap(), mirror - 1);
    } else if (step instanceof ReplaceStep && step.slice.size > 0) {
      const { content } = step.slice;
      homeless.push({ at: mapping.slice(mirror).map(step.from), text: content.textBetween(0, content.size, '\n') });
    }
  });
  const words = homeless.map((one) => one.text).join('');
  if (words.trim()) {
    const near = tr.doc.resolve(Math.min(homeless[0]!.at, tr.doc.content.size));
    const paragraphs = words.split('\n').filter(Boolean).map((line) => schema.nodes.paragraph!.create(null, schema.text(line)));
    tr.replace(near.depth > 0 ? near.after(1) : near.pos, undefined, Slice.maxOpen(schema.nodes.doc!.create(null, paragraphs).content));
  }
  return { tr, mapping };
}

declare global { interface Window { hameauPaper?: Paper | undefined } }

/** A text that is small enough to have come with its title. */
export function layPaper(place: HTMLElement, content: unknown, options: { writes: boolean; padKey: string; labelledBy: string }): void {
  const doc = schema.nodeFromJSON(content);
  doc.check();
  const paper = new Paper(place, doc, {
    writes: options.writes, padKey: options.padKey, changed: () => undefined,
    attributes: () => ({ id: 'first-text', 'aria-labelledby': options.labelledBy }),
  });
  window.hameauPaper = paper;
}
