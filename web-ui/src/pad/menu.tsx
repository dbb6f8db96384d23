// A menu button and a dialog, as the ARIA practices describe them. The focus moves before the next key can come
// (layout effects): one that comes a moment after Enter belongs to what Enter opened.
import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { useModal } from '../common/hooks';
import { t } from '../common/i18n';
import { Icon } from './icons';

export interface MenuItem { label: string; act: () => void; checked?: boolean; kind?: 'radio' | 'check'; separated?: boolean; keys?: string }

interface MenuProps {
  label: ComponentChildren; name: string; items: MenuItem[]; class?: string; tabIndex?: number; end?: boolean; keepFocus?: boolean;
  onFocus?: () => void; onOpen?: () => void;
}

export function Menu({ label, name, items, class: className = '', tabIndex, end = false, keepFocus = false, onFocus, onOpen }: MenuProps) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLSpanElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  const entries = () => [...(box.current?.querySelectorAll<HTMLElement>('[role^=menuitem]') ?? [])];

  useLayoutEffect(() => {
    if (!open) return undefined;
    onOpen?.();
    (entries().find((one) => one.getAttribute('aria-checked') === 'true') ?? entries()[0])?.focus();
    const outside = (event: Event) => { if (!box.current?.contains(event.target as Node)) setOpen(false); };
    document.addEventListener('pointerdown', outside);
    return () => document.removeEventListener('pointerdown', outside);
  }, [open]);

  const close = (back = true) => {
    setOpen(false);
    if (back) button.current?.focus();
  };
  const onKey = (event: KeyboardEvent) => {
    const all = entries();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (to !== undefined) all[(to + all.length) % all.length]?.focus();
    else if (event.key === 'Escape') close();
    else if (event.key === 'Tab') return close();
    else {
      const letter = event.key.length === 1 ? event.key.toLocaleLowerCase() : '';
      const next = letter && [...all.slice(at + 1), ...all].find((one) => one.textContent?.trim().toLocaleLowerCase().startsWith(letter));
      if (!next || event.ctrlKey || event.metaKey || letter === ' ') return;
      next.focus();
    }
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <span class="menu" ref={box}>
      <button type="button" ref={button} class={`menu-button ${className}`} aria-haspopup="menu" aria-expanded={open} aria-label={name}
        {...(open ? { 'aria-controls': id } : {})} title={name} {...(tabIndex === undefined ? {} : { tabIndex })} {...(onFocus ? { onFocus } : {})}
        onMouseDown={(event) => keepFocus && event.preventDefault()}
        onClick={() => (open ? close() : setOpen(true))}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown' && !open) {
            event.preventDefault();
            setOpen(true);
          }
        }}>{label}<Icon name="down" /></button>
      {open && (
        <ul role="menu" id={id} aria-label={name} class={end ? 'menu-list end' : 'menu-list'} onKeyDown={onKey}>
          {items.map((item) => (
            <li key={item.label} role="none" class={item.separated ? 'separated' : ''}>
              <button type="button" tabIndex={-1} role={item.kind === 'radio' ? 'menuitemradio' : item.kind === 'check' ? 'menuitemcheckbox' : 'menuitem'}
                {...(item.kind ? { 'aria-checked': item.checked ? 'true' as const : 'false' as const } : {})}
                onClick={() => {
                  close();
                  item.act();
                }}><span>{item.label}</span>{item.keys && <kbd>{item.keys}</kbd>}</button>
            </li>
          ))}
        </ul>
      )}
    </span>
  );
}

interface DialogProps { title: string; onClose: () => void; children: ComponentChildren; wide?: boolean }
export function Dialog({ title, onClose, children, wide = false }: DialogProps) {
  const dialog = useModal();
  const id = useId();
  return (
    <dialog ref={dialog} class={wide ? 'sheet-dialog wide' : 'sheet-dialog'} aria-labelledby={id} onClose={onClose}
      onClick={(event) => event.target === dialog.current && dialog.current?.close()}>
      <div class="dialog-inside">
        <div class="dialog-head">
          <h2 id={id}>{title}</h2>
          <button type="button" class="button outlined" onClick={() => dialog.current?.close()}>{t('close')}</button>
        </div>
        {children}
      </div>
    </dialog>
  );
}
