// The keyboard. Tab moves in lists and tables and leaves the text elsewhere; Escape, then Tab leaves from anywhere.
// Markdown shortcuts are input rules; what they made is taken back by one Backspace.
import { chainCommands, exitCode } from 'prosemirror-commands';
import { InputRule, inputRules, textblockTypeInputRule, undoInputRule, wrappingInputRule } from 'prosemirror-inputrules';
import { keymap } from 'prosemirror-keymap';
import type { MarkType } from 'prosemirror-model';
import { type Command, Plugin } from 'prosemirror-state';
import { addRowAfter, goToNextCell, isInTable } from 'prosemirror-tables';
import {
  backOut, clearMarks, hardBreak, indent, inList, insertRule, mark, node, outdent, plainAgain, setStyle, splitItem, toggle, toggleList, toggleTask,
} from './commands';
import { whole } from './tables';
import { linkWordBefore } from './bare-addresses';
import { redo, undo } from './undo';

/** Text between signs becomes a mark: `**bold**`. The last group is what stays. */
function markRule(match: RegExp, type: MarkType): InputRule {
  return new InputRule(match, (state, found, start, end) => {
    const inner = found[found.length - 1]!;
    const from = start + found[0]!.lastIndexOf(inner);
    if (state.doc.rangeHasMark(start, end, mark('code'))) return null;
    const tr = state.tr;
    if (from + inner.length < end) tr.delete(from + inner.length, end);
    if (from > start) tr.delete(start, from);
    return tr.addMark(start, start + inner.length, type.create()).removeStoredMark(type);
  });
}

const before = '(?:^|[\\s(«"\'\u00a0\u202f])';
const between = (sign: string) => new RegExp(`(?<=${before})${sign}([^\\s${sign[sign.length - 1]}](?:[^${sign[sign.length - 1]}]*[^\\s${sign[sign.length - 1]}])?)${sign}$`);

const rules = [
  // An address is a link when its word has ended; one Backspace makes words of it again.
  new InputRule(/\S(\s)$/, (state, match) => linkWordBefore(state)?.insertText(match[1]!) ?? null),
  textblockTypeInputRule(/^(#{1,6})\s$/, node('heading'), (match) => ({ level: match[1]!.length })),
  wrappingInputRule(/^\s*([-*+])\s$/, node('bulletList')),
  wrappingInputRule(/^(\d{1,4})[.)]\s$/, node('orderedList'), (match) => ({ start: Number(match[1]) }),
    (match, list) => list.childCount + Number(list.attrs.start) === Number(match[1])),
  wrappingInputRule(/^\s*>\s$/, node('blockquote')),
  textblockTypeInputRule(/^```$/, node('codeBlock')),
  // "[ ] " alone, or after "- " which has made a list already.
  new InputRule(/^\s*\[([ xX]?)\]\s$/, (state, match, start, end) => {
    const checked = match[1]!.toLowerCase() === 'x';
    const cleared = state.apply(state.tr.delete(start, end));
    let made = cleared;
    const done = toggleList('taskList')(cleared, (tr) => { made = cleared.apply(tr); });
    if (!done) return null;
    const tr = state.tr.delete(start, end);
    toggleList('taskList')(cleared, (next) => next.steps.forEach((step) => tr.step(step)));
    if (checked) toggleTask(made, (next) => next.steps.forEach((step) => tr.step(step)));
    return tr;
  }),
  new InputRule(/^(?:---|___|\*\*\*)$/, (state, _match, start, end) => {
    if (state.selection.$from.parent.type !== node('paragraph')) return null;
    const tr = state.tr.delete(start, end);
    insertRule(state.apply(tr), (next) => next.steps.forEach((step) => tr.step(step)));
    return tr;
  }),
  markRule(between('\\*\\*'), mark('bold')),
  markRule(between('__'), mark('bold')),
  markRule(between('~~'), mark('strike')),
  markRule(between('=='), mark('highlight')),
  markRule(between('`'), mark('code')),
  markRule(new RegExp(`(?<=${before})\\*([^\\s*](?:[^*]*[^\\s*])?)\\*$`), mark('italic')),
  markRule(new RegExp(`(?<=${before})_([^\\s_](?:[^_]*[^\\s_])?)_$`), mark('italic')),
];

export interface KeyActions { link: () => void; find: () => void; toolbar: () => void; help: () => void }

const act = (work: () => void): Command => () => {
  work();
  return true;
};

/** The browser's own undo knows nothing of what others wrote: it never gets a turn. */
const always = (command: Command): Command => (state, dispatch, view) => {
  command(state, dispatch, view);
  return true;
};

/** The word before the cursor has ended: what is an address in it is a link. */
const linkedThen = (command: Command): Command => (state, dispatch, view) => {
  const tr = dispatch ? linkWordBefore(state) : null;
  if (tr) dispatch!(tr);
  return command(tr && view ? view.state : state, dispatch, view);
};

/** Where Tab means something, it is used up even when nothing can move, so that nobody leaves by accident. */
const tab: Command = (state, dispatch, view) => {
  if (isInTable(state)) {
    if (goToNextCell(1)(state, dispatch)) return true;
    whole(addRowAfter)(state, dispatch);
    if (view) goToNextCell(1)(view.state, view.dispatch);
    return true;
  }
  if (!inList(state)) return false;
  indent(state, dispatch, view);
  return true;
};
const shiftTab: Command = (state, dispatch, view) => {
  if (isInTable(state)) return goToNextCell(-1)(state, dispatch);
  return inList(state) ? outdent(state, dispatch, view) : false;
};

/** After Escape, Tab belongs to the page. */
function leaving(): Plugin {
  let free = false;
  return new Plugin({
    props: {
      handleDOMEvents: {
        keydown(_view, event) {
          if (event.key === 'Tab' && free) {
            free = false;
            return true;      // handled by nobody of ours: the browser moves the focus
          }
          if (event.key !== 'Shift') free = event.key === 'Escape';
          return false;
        },
        blur() {
          free = false;
          return false;
        },
      },
    },
  });
}

export function keys(actions: KeyActions): Plugin[] {
  return [
    leaving(),
    inputRules({ rules }),
    keymap({
      'Mod-z': always(undo), 'Mod-y': always(redo), 'Mod-Shift-z': always(redo),
      'Mod-b': toggle('bold'), 'Mod-i': toggle('italic'), 'Mod-u': toggle('underline'), 'Mod-Shift-x': toggle('strike'),
      'Mod-Shift-h': toggle('highlight'), 'Mod-e': toggle('code'), 'Mod-\\': clearMarks,
      'Mod-k': act(actions.link), 'Mod-f': act(actions.find), 'Alt-F10': act(actions.toolbar), 'Mod-/': act(actions.help),
      'Mod-Alt-0': setStyle('text'), 'Mod-Alt-1': setStyle('h1'), 'Mod-Alt-2': setStyle('h2'), 'Mod-Alt-3': setStyle('h3'),
      'Mod-Shift-7': toggleList('orderedList'), 'Mod-Shift-8': toggleList('bulletList'), 'Mod-Shift-9': toggleList('taskList'),
      'Mod-Enter': chainCommands(toggleTask, exitCode),
      'Shift-Enter': chainCommands(exitCode, hardBreak),
      Tab: tab, 'Shift-Tab': shiftTab,
      Enter: linkedThen(splitItem),
      Backspace: chainCommands(undoInputRule, backOut, plainAgain),
    }),
  ];
}
