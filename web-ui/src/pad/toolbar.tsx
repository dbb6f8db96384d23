// The buttons of the text: one tab stop, arrows between them, Escape back to the text. Under them, when the cursor is in
// a table, a link or an image, what can be done with it.
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Command, EditorState } from 'prosemirror-state';
import { addColumnAfter, addColumnBefore, addRowAfter, addRowBefore, deleteColumn, deleteRow, deleteTable, isInTable, splitCell, toggleHeaderRow } from 'prosemirror-tables';
import type { EditorView } from 'prosemirror-view';
import { t } from '../common/i18n';
import {
  around, insertRule, insertTable, linkAround, type ListName, mark, markActive, removeLink, selectedImage, setImage, setStyle, type Style, styleOf, toggle, toggleList,
} from './commands';
import { widen } from './columns';
import { openLink } from './editor';
import { Icon } from './icons';
import { Menu } from './menu';
import { mergeWith, whole } from './tables';
import { redo, undo } from './undo';
import { resized } from './views';

const markNames = ['bold', 'italic', 'underline', 'strike', 'highlight'] as const;
const listNames: ListName[] = ['bulletList', 'orderedList', 'taskList'];
const styles: Style[] = ['text', 'h1', 'h2', 'h3', 'quote', 'code'];

/** These need a neighbour, or a cell that was merged. */
const cellCommands: Record<string, Command> = { cell_merge_right: mergeWith('right'), cell_merge_below: mergeWith('below'), cell_split: splitCell };

/** What the buttons show; small, so that it is cheap to compare after every keystroke. */
export interface Shown {
  style: Style; on: string[]; undo: boolean; redo: boolean; table: boolean; cells: string[]; link: string | null;
  image: { pos: number; alt: string | null; width: number | null } | null;
}

export function shownOf(state: EditorState): Shown {
  const list = around(state, ...listNames)?.node.type.name;
  const image = selectedImage(state);
  return {
    style: styleOf(state),
    on: [...markNames.filter((name) => markActive(state, mark(name))), ...(list ? [list] : [])],
    undo: undo(state), redo: redo(state),
    table: isInTable(state), cells: Object.keys(cellCommands).filter((name) => cellCommands[name]!(state)), link: linkAround(state)?.href ?? null,
    image: image && { pos: image.pos, alt: image.node.attrs.alt, width: image.node.attrs.width },
  };
}

/** One tab stop, arrows, Home, End; hidden buttons are passed over. */
function useRoving(onEscape: () => void) {
  const bar = useRef<HTMLDivElement>(null);
  const all = () => [...(bar.current?.querySelectorAll<HTMLElement>(':scope button:not([role])') ?? [])].filter((one) => one.offsetParent !== null);
  const settle = () => {
    const buttons = all();
    if (buttons.length === 0) return;
    const current = buttons.find((one) => one.tabIndex === 0) ?? buttons[0]!;
    for (const one of bar.current!.querySelectorAll<HTMLElement>(':scope button:not([role])')) one.tabIndex = one === current ? 0 : -1;
  };
  useLayoutEffect(settle);
  useEffect(() => {
    addEventListener('resize', settle);
    return () => removeEventListener('resize', settle);
  }, []);
  const onKeyDown = (event: KeyboardEvent) => {
    if ((event.target as Element).closest('[role=menu], input')) return;
    const buttons = all();
    const at = buttons.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (to !== undefined && buttons.length > 0) buttons[(to + buttons.length) % buttons.length]?.focus();
    else if (event.key === 'Escape') onEscape();
    else return;
    event.preventDefault();
  };
  const onFocusIn = (event: FocusEvent) => {
    const one = event.target as HTMLElement;
    if (!all().includes(one)) return;
    for (const other of all()) other.tabIndex = other === one ? 0 : -1;
  };
  return { bar, onKeyDown, onFocusIn };
}

interface ToolProps { name: string; label?: string; icon?: string; pressed?: boolean; disabled?: boolean; extra?: boolean; onPress: (byKeyboard: boolean) => void; keys?: string; children?: ComponentChildren }
function Tool({ name, label, icon, pressed, disabled = false, extra = false, onPress, keys, children }: ToolProps) {
  const title = label ?? t(`pad.tool.${name}`);
  return (
    <button type="button" class={`tool${extra ? ' extra' : ''}`} title={keys ? `${title} (${keys})` : title} aria-label={title}
      {...(pressed === undefined ? {} : { 'aria-pressed': pressed ? 'true' as const : 'false' as const })} aria-disabled={disabled ? 'true' : 'false'}
      onMouseDown={(event) => event.preventDefault()}
      onClick={(event) => !disabled && onPress(event.detail === 0)}>
      <Icon name={icon ?? name} /><span class="tool-word">{children ?? title}</span>
    </button>
  );
}

interface BarProps { view: EditorView; shown: Shown; onLink: () => void; onFind: () => void; onImages: (files: File[]) => void }

export function Toolbar({ view, shown, onLink, onFind, onImages }: BarProps) {
  const [all, setAll] = useState(false);
  const file = useRef<HTMLInputElement>(null);
  const { bar, onKeyDown, onFocusIn } = useRoving(() => view.focus());
  const run = (command: Command, back = true) => (byKeyboard: boolean) => {
    command(view.state, view.dispatch, view);
    if (back || !byKeyboard) view.focus();
  };
  const ctrl = t('pad.ctrl');
  return (
    <div class={`toolbar${all ? ' all' : ''}`} role="toolbar" aria-label={t('pad.toolbar')} aria-controls="text" ref={bar} onKeyDown={onKeyDown} onFocusIn={onFocusIn}>
      <Menu class="tool style-tool" keepFocus name={t('pad.style.now', { style: t(`pad.style.${shown.style}`) })} label={<span>{t(`pad.style.${shown.style}`)}</span>}
        items={styles.map((style) => ({ label: t(`pad.style.${style}`), kind: 'radio', checked: style === shown.style, act: () => { run(setStyle(style))(false); } }))} />
      <span class="tool-group">
        {markNames.map((name) => (
          <Tool key={name} name={name} pressed={shown.on.includes(name)} extra={name !== 'bold'} onPress={run(toggle(name), false)}
            {...({ bold: { keys: `${ctrl} B` }, italic: { keys: `${ctrl} I` }, underline: { keys: `${ctrl} U` } } as Record<string, { keys: string }>)[name]} />
        ))}
        <Tool name="link" extra onPress={onLink} keys={`${ctrl} K`} />
      </span>
      <span class="tool-group">
        {listNames.map((name) => (
          <Tool key={name} name={name} pressed={shown.on.includes(name)} extra={name === 'orderedList'} onPress={run(toggleList(name), false)} />
        ))}
      </span>
      <span class="tool-group">
        <Tool name="image" extra onPress={() => file.current?.click()} />
        <Tool name="table" extra disabled={shown.table} onPress={run(insertTable(3, 3))} />
        <Tool name="rule" extra onPress={run(insertRule)} />
      </span>
      <span class="tool-group">
        <Tool name="undo" disabled={!shown.undo} onPress={run(undo, false)} keys={`${ctrl} Z`} />
        <Tool name="redo" extra disabled={!shown.redo} onPress={run(redo, false)} keys={`${ctrl} Y`} />
        <Tool name="find" extra onPress={onFind} keys={`${ctrl} F`} />
      </span>
      <span class="tool-more">
        <Tool name="more" pressed={all} onPress={() => setAll(!all)} />
      </span>
      <input ref={file} type="file" accept="image/png,image/jpeg,image/gif,image/webp,image/avif" multiple hidden
        onChange={(event) => {
          onImages([...(event.currentTarget.files ?? [])]);
          event.currentTarget.value = '';
        }} />
    </div>
  );
}

const tableTools: [string, Command][] = [
  ['row_above', addRowBefore], ['row_below', addRowAfter], ['column_left', addColumnBefore], ['column_right', addColumnAfter],
  ['row_remove', deleteRow], ['column_remove', deleteColumn], ['header', toggleHeaderRow],
  ...Object.entries(cellCommands),
  ['column_wider', widen(1)], ['column_narrower', widen(-1)], ['column_even', widen(null)],
   ['table_remove', deleteTable],
];
const sizes = [['small', 0.25], ['medium', 0.5], ['large', 0.75], ['full', 1]] as const;

interface ContextProps { view: EditorView; shown: Shown; onLink: () => void }

export function ContextBar(props: ContextProps) {
  if (props.shown.image) return <ImageBar {...props} />;
  if (props.shown.link !== null) return <LinkBar {...props} />;
  return props.shown.table ? <TableBar {...props} /> : null;
}

function TableBar({ view, shown }: ContextProps) {
  const { bar, onKeyDown, onFocusIn } = useRoving(() => view.focus());
  return (
    <div class="context" role="toolbar" aria-label={t('pad.table.bar')} aria-controls="text" ref={bar} onKeyDown={onKeyDown} onFocusIn={onFocusIn}>
      {tableTools.map(([name, command]) => (
        <button key={name} type="button" class="word-tool" disabled={name in cellCommands && !shown.cells.includes(name)} onMouseDown={(event) => event.preventDefault()}
          onClick={(event) => {
            whole(command)(view.state, view.dispatch, view);
            if (event.detail > 0 || !isInTable(view.state)) view.focus();
          }}>{t(`pad.table.${name}`)}</button>
      ))}
    </div>
  );
}

function LinkBar({ view, shown, onLink }: ContextProps) {
  const { bar, onKeyDown, onFocusIn } = useRoving(() => view.focus());
  const stay = (event: MouseEvent) => event.preventDefault();
  return (
    <div class="context" role="toolbar" aria-label={t('pad.link.bar')} aria-controls="text" ref={bar} onKeyDown={onKeyDown} onFocusIn={onFocusIn}>
      <span class="context-value">{shown.link}</span>
      <button type="button" class="word-tool" onMouseDown={stay} onClick={() => openLink(shown.link ?? '')}>{t('pad.link.open')}</button>
      <button type="button" class="word-tool" onMouseDown={stay} onClick={onLink}>{t('pad.link.change')}</button>
      <button type="button" class="word-tool" onMouseDown={stay} onClick={() => {
        removeLink(view.state, view.dispatch);
        view.focus();
      }}>{t('pad.link.remove')}</button>
    </div>
  );
}

function ImageBar({ view, shown }: ContextProps) {
  const image = shown.image!;
  const [alt, setAlt] = useState(image.alt ?? '');
  const { bar, onKeyDown, onFocusIn } = useRoving(() => view.focus());
  useLayoutEffect(() => setAlt(image.alt ?? ''), [image.pos, image.alt]);
  const keep = () => {
    if (alt.trim() !== (image.alt ?? '')) setImage({ alt: alt.trim() || null })(view.state, view.dispatch);
  };
  const size = (part: number) => {
    const figure = view.nodeDOM(image.pos) as HTMLElement | null;
    const picture = figure?.querySelector('img');
    const room = figure?.parentElement?.getBoundingClientRect().width ?? 600;
    if (picture) view.dispatch(resized(view, image.pos, picture, Math.round(Math.min(room, 640) * part)));
  };
  return (
    <div class="context" role="toolbar" aria-label={t('pad.image.bar')} aria-controls="text" ref={bar} onKeyDown={onKeyDown} onFocusIn={onFocusIn}>
      <label class="context-field">{t('pad.image.alt')}
        <input value={alt} onInput={(event) => setAlt(event.currentTarget.value)} onBlur={keep}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' && event.key !== 'Escape') return;
            event.preventDefault();
            keep();
            view.focus();
          }} />
      </label>
      <button type="button" class="word-tool" aria-pressed={image.alt === '' ? 'true' : 'false'} onMouseDown={(event) => event.preventDefault()}
        onClick={() => setImage({ alt: image.alt === '' ? null : '' })(view.state, view.dispatch)}>{t('pad.image.decoration')}</button>
      {sizes.map(([name, part]) => (
        <button key={name} type="button" class="word-tool" onMouseDown={(event) => event.preventDefault()} onClick={() => size(part)}>{t(`pad.image.${name}`)}</button>
      ))}
      <button type="button" class="word-tool" onMouseDown={(event) => event.preventDefault()} onClick={() => {
        view.dispatch(view.state.tr.deleteSelection());
        view.focus();
      }}>{t('pad.image.remove')}</button>
    </div>
  );
}
