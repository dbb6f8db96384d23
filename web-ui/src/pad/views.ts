// How tasks and images are shown: a real checkbox with the task as its name; an image with a handle to resize it (the
// buttons of the image bar do the same without dragging).
import type { Node } from 'prosemirror-model';
import { NodeSelection } from 'prosemirror-state';
import type { EditorView, NodeView } from 'prosemirror-view';
import { t } from '../common/i18n';
import { guessHeight } from './far';
import { safeAddress } from './clamp';

type GetPos = () => number | undefined;

export class TaskView implements NodeView {
  readonly dom = document.createElement('li');
  readonly contentDOM = document.createElement('div');
  private readonly box = document.createElement('input');

  constructor(private node: Node, private readonly view: EditorView, private readonly getPos: GetPos) {
    this.dom.dataset.type = 'taskItem';
    const label = document.createElement('label');
    label.contentEditable = 'false';
    this.box.type = 'checkbox';
    // Reached by Ctrl+Enter from the text of the task; a stop for each task would make Tab endless.
    this.box.tabIndex = -1;
    this.box.addEventListener('change', () => this.tick());
    // The cursor stays in the text, and a phone does not bring up its keyboard.
    label.addEventListener('mousedown', (event) => event.preventDefault());
    label.append(this.box);
    this.dom.append(label, this.contentDOM);
    this.show();
  }

  private tick(): void {
    const pos = this.getPos();
    if (!this.view.editable || pos === undefined) {
      this.box.checked = Boolean(this.node.attrs.checked);
      return;
    }
    this.view.dispatch(this.view.state.tr.setNodeAttribute(pos, 'checked', this.box.checked));
  }

  private show(): void {
    this.box.checked = Boolean(this.node.attrs.checked);
    this.box.disabled = !this.view.editable;
    this.dom.dataset.checked = String(this.box.checked);
    this.box.setAttribute('aria-label', this.node.firstChild?.textContent.trim() || t('pad.task'));
  }

  update(node: Node): boolean {
    if (node.type !== this.node.type) return false;
    this.node = node;
    this.show();
    return true;
  }

  stopEvent(event: Event): boolean {
    return event.target === this.box;
  }

  ignoreMutation(mutation: { target: globalThis.Node }): boolean {
    return !this.contentDOM.contains(mutation.target);
  }
}

export class ImageView implements NodeView {
  readonly dom = document.createElement('figure');
  private readonly image = document.createElement('img');
  private readonly handle = document.createElement('span');
  private blob = '';
  private shown = '';

  constructor(private node: Node, private readonly view: EditorView, private readonly getPos: GetPos, private readonly padKey: string) {
    this.handle.className = 'image-handle';
    this.handle.setAttribute('aria-hidden', 'true');
    this.handle.addEventListener('pointerdown', (event) => this.drag(event));
    this.image.draggable = false;
    this.image.decoding = 'async';
    this.image.loading = 'lazy';
    this.image.addEventListener('error', () => this.dom.classList.add('missing'));
    this.dom.append(this.image, this.handle);
    guessHeight(this.dom, node);
    this.show();
  }

  private show(): void {
    const { src, alt, width, height } = this.node.attrs as { src: string | null; alt: string | null; width: number | null; height: number | null };
    // An empty description says "mere decoration": while nobody has said anything there is none.
    if (alt === null) {
      this.image.removeAttribute('alt');
      this.image.setAttribute('aria-label', t('pad.image.no_alt'));
    } else {
      this.image.alt = alt;
      this.image.removeAttribute('aria-label');
    }
    if (width) this.image.width = width;
    else this.image.removeAttribute('width');
    if (width && height) this.image.height = height;
    else this.image.removeAttribute('height');
    if (src && src !== this.shown && safeAddress(src)) {
      this.shown = src;
      this.dom.classList.remove('missing');
      void this.load(src);
    }
  }

  /** With a link's key an image is fetched like the rest of the text: the key never stands in an address. */
  private async load(src: string): Promise<void> {
    if (!this.padKey || !src.startsWith('/api/')) {
      // Nothing is ever fetched from elsewhere: the page's policy would refuse it, and says so in vain.
      if (src.startsWith('/') || new URL(src, location.href).origin === location.origin) this.image.src = src;
      else this.dom.classList.add('missing');
      return;
    }
    try {
      const answer = await fetch(src, { headers: { 'Pad-Key': this.padKey }, credentials: 'same-origin' });
      if (!answer.ok) throw new Error(String(answer.status));
      this.blob = URL.createObjectURL(await answer.blob());
      this.image.src = this.blob;
    } catch {
      this.dom.classList.add('missing');
    }
  }

  private drag(event: PointerEvent): void {
    if (!this.view.editable) return;
    event.preventDefault();
    const from = event.clientX;
    const first = this.image.getBoundingClientRect().width;
    const most = this.dom.parentElement?.getBoundingClientRect().width ?? first;
    let width = first;
    const move = (moved: PointerEvent) => {
      width = Math.round(Math.min(most, Math.max(48, first + moved.clientX - from)));
      this.image.width = width;
      this.image.removeAttribute('height');
    };
    const up = () => {
      this.handle.removeEventListener('pointermove', move);
      const pos = this.getPos();
      if (pos !== undefined) this.view.dispatch(resized(this.view, pos, this.image, width));
    };
    this.handle.setPointerCapture(event.pointerId);
    this.handle.addEventListener('pointermove', move);
    this.handle.addEventListener('pointerup', up, { once: true });
  }

  selectNode(): void {
    this.dom.classList.add('ProseMirror-selectednode');
  }

  deselectNode(): void {
    this.dom.classList.remove('ProseMirror-selectednode');
  }

  update(node: Node): boolean {
    if (node.type !== this.node.type) return false;
    this.node = node;
    this.show();
    return true;
  }

  stopEvent(event: Event): boolean {
    return event.target === this.handle;
  }

  ignoreMutation(): boolean {
    return true;
  }

  destroy(): void {
    if (this.blob) URL.revokeObjectURL(this.blob);
  }
}

export const column_least_px = 48;
const columns_max = 1000;       // that are given a width; more are as wide as they are

/** A table in a box of its own that scrolls sideways, with the widths that people gave to its columns. The order
 * (columns, then rows) is what prosemirror-tables looks for while a column is dragged. */
export class TableView implements NodeView {
  readonly dom = document.createElement('div');
  readonly contentDOM = document.createElement('tbody');
  private readonly table = document.createElement('table');
  private readonly columns = document.createElement('colgroup');

  constructor(private node: Node) {
    this.dom.className = 'tableWrapper';
    this.table.append(this.columns, this.contentDOM);
    this.dom.append(this.table);
    guessHeight(this.dom, node);
    this.show();
  }

  private show(): void {
    const widths: number[] = [];
    this.node.firstChild?.forEach((cell) => {
      for (let i = 0; i < cell.attrs.colspan && widths.length < columns_max; i += 1) widths.push(Number(cell.attrs.colwidth?.[i]) || 0);
    });
    while (this.columns.childElementCount > widths.length) this.columns.lastChild!.remove();
    while (this.columns.childElementCount < widths.length) this.columns.append(document.createElement('col'));
    widths.forEach((width, i) => { (this.columns.children[i] as HTMLElement).style.width = width ? `${width}px` : ''; });
    const total = widths.reduce((sum, width) => sum + (width || column_least_px), 0);
    const all = widths.length > 0 && widths.every((width) => width > 0);
    this.table.style.width = all ? `${total}px` : '';
    this.table.style.minWidth = all ? '' : `${total}px`;
  }

  update(node: Node): boolean {
    if (node.type !== this.node.type) return false;
    this.node = node;
    this.show();
    return true;
  }

  ignoreMutation(mutation: { type: string; target: globalThis.Node }): boolean {
    return mutation.type === 'attributes' && (mutation.target === this.table || this.columns.contains(mutation.target));
  }
}

/** A width in CSS pixels; the height follows the picture's own shape. */
export function resized(view: EditorView, pos: number, image: HTMLImageElement, width: number) {
  const height = image.naturalWidth ? Math.round(width * image.naturalHeight / image.naturalWidth) : null;
  const tr = view.state.tr.setNodeAttribute(pos, 'width', width).setNodeAttribute(pos, 'height', height);
  return tr.setSelection(NodeSelection.create(tr.doc, pos));
}
