// What the text can do besides taking letters: keys, finding, tables, images, links, clean pasting. Comes after the first
// letters.
import { dropCursor } from 'prosemirror-dropcursor';
import { gapCursor } from 'prosemirror-gapcursor';
import type { Slice } from 'prosemirror-model';
import { Plugin, TextSelection } from 'prosemirror-state';
import { columnResizing } from 'prosemirror-tables';
import { tn } from '../common/i18n';
import { authors } from './authors';
import { bareAddresses, linked } from './bare-addresses';
import { linkAround } from './commands';
import './wide-tables';
import { openLink } from './editor';
import { finder } from './find';
import { blobOf, type Images, imagesOnTheWay } from './images';
import { type KeyActions, keys } from './keys';
import { clean, withoutControls } from './paste';
import { plainSlice as wordsOf } from './plain';
import type { People } from './people';
import { schema } from './schema';
import { tables } from './tables';
import { column_least_px } from './views';

export interface WritingParts {
  people: People; images: Images; actions: KeyActions; said: (text: string) => void; unknownAuthor: () => void;
}

const plainSlice = (slice: Slice, text: string) => slice.content.textBetween(0, slice.content.size, '\n') === text;

/** Pasting, dropping and links. */
function carrying({ images, said }: WritingParts): Plugin {
  let ours = false;
  let files: File[] = [];      // that come with what is being pasted, instead of words
  return new Plugin({
    props: {
      handleDOMEvents: {
        paste(_view, event) {
          // A program that offers words and their picture means the words.
          files = event.clipboardData?.getData('text/plain').trim() ? [] : [...(event.clipboardData?.files ?? [])];
          return false;
        },
        drop() {
          files = [];
          return false;
        },
      },
      transformPastedHTML(html, view) {
        const cleaned = clean(html);
        // The files are these pictures: neither twice, nor complained about.
        if (files.length > 0) [cleaned.images, cleaned.lost] = [[], 0];
        for (const data of cleaned.images) {
          const blob = blobOf(data);
          if (blob) setTimeout(() => images.take(view, [blob], view.state.selection.to), 0);
        }
        const lost = [['images', cleaned.lost], ['links', cleaned.links]] as const;
        const sentences = lost.filter(([, count]) => count > 0).map(([what, count]) => tn(`pad.paste.${what}_lost`, count));
        if (sentences.length > 0) said(sentences.join(' '));
        ours = /\bdata-pm-slice=/.test(html);
        return cleaned.html;
      },
      transformPastedText: (text) => withoutControls(text.replace(/[\u000b\u000c]/g, '\n')),
      clipboardTextSerializer: wordsOf,
      // What was cut here comes back as it was.
      transformPasted(slice, view) {
        const asItWas = ours || view.dragging !== null;
        ours = false;
        return asItWas ? slice : linked(slice);
      },
      handlePaste(view, event, slice) {
        const text = event.clipboardData?.getData('text/plain').trim() ?? '';
        // An address pasted over words makes a link of them.
        const [bare] = bareAddresses(text);
        if (!view.state.selection.empty && bare?.from === 0 && bare.to === text.length && plainSlice(slice, text)) {
          const { from, to } = view.state.selection;
          view.dispatch(view.state.tr.addMark(from, to, schema.marks.link!.create({ href: bare.address })));
          return true;
        }
        const brought = files;
        files = [];
        return images.take(view, brought, view.state.selection.to);
      },
      handleDrop(view, event, _slice, moved) {
        const files = [...(event.dataTransfer?.files ?? [])];
        if (moved || files.length === 0) return false;
        event.preventDefault();
        const at = view.posAtCoords({ left: event.clientX, top: event.clientY })?.pos ?? view.state.selection.to;
        return images.take(view, files, at) || true;
      },
      handleClick(view, pos, event) {
        const link = (event.target as Element | null)?.closest?.('a[href]') as HTMLAnchorElement | null;
        if (!link || (view.editable && !event.ctrlKey && !event.metaKey)) return false;
        const old = linkAround(view.state.apply(view.state.tr.setSelection(TextSelection.near(view.state.doc.resolve(pos)))));
        openLink(old?.href ?? link.getAttribute('href') ?? '');
        return true;
      },
    },
  });
}

export const writing = (parts: WritingParts): Plugin[] => [
  authors(parts.people, parts.unknownAuthor), finder(), imagesOnTheWay(), carrying(parts),
  ...keys(parts.actions),
  dropCursor({ class: 'drop-line', color: false }), gapCursor(),
  // The table's view is editor.ts's own: it must be there before this is.
  columnResizing({ View: null, handleWidth: 6, cellMinWidth: column_least_px, defaultCellMinWidth: column_least_px }), tables(),
];
