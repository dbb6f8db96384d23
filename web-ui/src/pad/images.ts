// Images: made smaller here (which also takes out where and when a photo was taken), sent with progress, then put into
// the text. While one travels, a placeholder that is not part of the text keeps its place.
import { Plugin, PluginKey } from 'prosemirror-state';
import { Decoration, DecorationSet, type EditorView } from 'prosemirror-view';
import { Problem } from '../common/api';
import { language, t, typography } from '../common/i18n';
import { afterBlock, node } from './commands';

const key = new PluginKey<DecorationSet>('images');
const side_max = 1600;
const tall_max = 12_000;            // of what is far taller than wide: a picture of a whole page stays legible
const tall_ratio = 2.5;
const bytes_as_is = 300_000;
const quality = 0.82;
const wait_ms = 120_000;
const readable = /^image\/(png|jpeg|gif|webp|avif|bmp)$/;

interface Sent { url: string; width?: number; height?: number }
interface Wish { add?: { id: string; pos: number; dom: HTMLElement }; remove?: string }

export const imagesOnTheWay = () => new Plugin<DecorationSet>({
  key,
  state: {
    init: () => DecorationSet.empty,
    apply(tr, old, _before, state) {
      let shown = old.map(tr.mapping, tr.doc);
      const wish = tr.getMeta(key) as Wish | undefined;
      if (wish?.add) shown = shown.add(state.doc, [Decoration.widget(wish.add.pos, wish.add.dom, { id: wish.add.id, key: wish.add.id, side: -1 })]);
      if (wish?.remove) shown = shown.remove(shown.find(undefined, undefined, (spec) => spec.id === wish.remove));
      return shown;
    },
  },
  props: { decorations: (state) => key.getState(state) },
});

/** What the first bytes say that it is, whatever its name: a phone's HEIC is often called .jpg. */
async function whyNot(file: Blob): Promise<string> {
  const head = new TextDecoder('latin1').decode(await file.slice(0, 32).arrayBuffer());
  if (/^....ftyp(hei[cxms]|hev|mif1|msf1)/s.test(head)) return t('pad.image.heic');
  if (head.startsWith('%PDF-')) return t('pad.image.pdf');
  if (/^....ftyp/s.test(head) || head.startsWith('\u001aEß£') || /^(video|audio)\//.test(file.type)) return t('pad.image.film');
  return t('pad.image.unreadable');
}

/** WebP where it is smaller; animations and small files stay as they are. */
async function prepared(file: Blob): Promise<Blob> {
  if (file.type === 'image/gif') return file;
  let picture: ImageBitmap;
  try {
    picture = await createImageBitmap(file);
  } catch {
    throw new Problem(415, 'image_unreadable', await whyNot(file));
  }
  const { width, height } = picture;
  const part = Math.min(1, height > tall_ratio * width ? Math.min(side_max / width, tall_max / height) : side_max / Math.max(width, height));
  if (part === 1 && file.size <= bytes_as_is && /^image\/(png|webp)$/.test(file.type)) return file;
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(picture.width * part));
  canvas.height = Math.max(1, Math.round(picture.height * part));
  canvas.getContext('2d')!.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  const made = await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/webp', quality));
  return made && (part < 1 || made.size < file.size || file.type === 'image/jpeg' || !/^image\/(png|webp)$/.test(file.type)) ? made : file;
}

function send(path: string, body: Blob, padKey: string, progress: (part: number) => void): Promise<Sent> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', path);
    request.timeout = wait_ms;
    request.setRequestHeader('Content-Type', body.type || 'application/octet-stream');
    request.setRequestHeader('Accept', 'application/json');
    request.setRequestHeader('Accept-Language', language);
    if (padKey) request.setRequestHeader('Pad-Key', padKey);
    request.upload.onprogress = (event) => progress(event.lengthComputable ? event.loaded / event.total : 0);
    request.onload = () => {
      let answer: Partial<Sent> & { detail?: string; code?: string } = {};
      try {
        answer = JSON.parse(request.responseText) as typeof answer;
      } catch {
        // No sentence came: ours stands.
      }
      if (request.status === 201 && answer.url) resolve(answer as Sent);
      else reject(new Problem(request.status, answer.code ?? '', answer.detail ? typography(answer.detail) : t('pad.image.refused')));
    };
    request.onerror = request.ontimeout = () => reject(new Problem(0, 'offline', t('pad.image.offline')));
    request.send(body);
  });
}

export class Images {
  constructor(
    private readonly pad: string, private readonly padKey: string, private readonly failed: (detail: string) => void,
    /** An image stands in the text, undescribed. */
    private readonly placed: (src: string) => void,
  ) {}

  /** Files that are images go into the text at `pos`; of others one sentence says why not. Says whether there were any. */
  take(view: EditorView, files: Blob[], pos: number): boolean {
    for (const file of files) {
      if (readable.test(file.type)) void this.one(view, file, pos);
      else void whyNot(file).then(this.failed);
    }
    return files.length > 0;
  }

  private async one(view: EditorView, file: Blob, pos: number): Promise<void> {
    const id = crypto.randomUUID?.() ?? String(Math.random());
    const place = document.createElement('span');
    place.className = 'image-coming';
    const bar = document.createElement('progress');
    bar.max = 1;
    bar.setAttribute('aria-label', t('pad.image.sending'));
    place.append(t('pad.image.sending'), bar);
    view.dispatch(view.state.tr.setMeta(key, { add: { id, pos, dom: place } } satisfies Wish).setMeta('addToHistory', false));
    try {
      const made = await send(`/api/v1/pads/${this.pad}/images`, await prepared(file), this.padKey, (part) => { bar.value = part; });
      if (view.isDestroyed) return;
      const at = key.getState(view.state)?.find(undefined, undefined, (spec) => spec.id === id)[0]?.from;
      this.remove(view, id);
      if (at === undefined) return;     // its place was deleted meanwhile: so is the wish
      const image = node('image').create({ src: made.url, width: made.width ?? null, height: made.height ?? null });
      const $at = view.state.doc.resolve(Math.min(at, view.state.doc.content.size));
      const kept = view.state.selection;
      const onPlace = kept.empty && kept.from === at;
      if (onPlace) view.dispatch(afterBlock(view.state, image));
      else view.dispatch(view.state.tr.insert($at.depth ? $at.after(1) : at, image));
      this.placed(made.url);
    } catch (error) {
      if (view.isDestroyed) return;
      this.remove(view, id);
      this.failed(error instanceof Problem ? error.detail : t('pad.image.refused'));
    }
  }

  private remove(view: EditorView, id: string): void {
    view.dispatch(view.state.tr.setMeta(key, { remove: id } satisfies Wish).setMeta('addToHistory', false));
  }
}

export function blobOf(dataUrl: string): Blob | null {
  const match = /^data:(image\/[a-z]+);base64,(.*)$/s.exec(dataUrl);
  if (!match) return null;
  try {
    return new Blob([Uint8Array.from(atob(match[2]!.replace(/\s/g, '')), (sign) => sign.charCodeAt(0))], { type: match[1]! });
  } catch {
    return null;
  }
}
