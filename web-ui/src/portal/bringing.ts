// Documents that become texts: what is sent, what came of it. They live apart from the page of texts, as the sendings of sites do:
// who looks at another page meanwhile finds the progress, the sentences or the refusal again. Called by pages/bring.tsx.
// One file at a time, in their order. Never sends twice by itself, but for a short name that is taken.
import { type Pad, Problem, upload } from '../common/api';
import { asProblem } from '../common/hooks';
import { t } from '../common/i18n';
import { slugOf } from './names';
import { underWay } from './under-way';

/** What of a file's name a title may hold: the house takes 200 characters. */
const name_letters_max = 200;
/** A text that is read here, to be sent as a page; the house takes less. Bytes. */
const text_bytes_max = 32 * 2 ** 20;

export interface Bringing {
  id: number;
  slug: string;
  name: string;
  file: File;
  /** How much has left, from 0 to 1; null before and after. */
  part: number | null;
  problem: Problem | null;
  pad: Pad | null;
  /** Sentences about what did not come along. */
  warnings: string[];
  cancel: () => void;
}

let bringings: Bringing[] = [];
let last = 0;
let running = false;
export const isUnderWay = (one: Bringing) => !one.problem && !one.pad;
const { tell, useLook } = underWay(() => bringings.some(isUnderWay));

function change(id: number, to: Partial<Bringing>): void {
  bringings = bringings.map((one) => (one.id === id ? { ...one, ...to } : one));
  tell();
}

export function useBringings(slug: string | null): Bringing[] {
  useLook();
  return bringings.filter((one) => one.slug === slug);
}

export function forgetBringing(id: number): void {
  bringings = bringings.filter((one) => one.id !== id);
  tell();
}

type Format = 'docx' | 'markdown' | 'html' | 'text';
const formats: Record<string, Format> = { docx: 'docx', md: 'markdown', markdown: 'markdown', mdown: 'markdown', html: 'html', htm: 'html', xhtml: 'html', txt: 'text', text: 'text' };
const others = ['doc', 'odt', 'rtf', 'pages', 'wps', 'docm', 'dotx', 'ott'];

function endingOf(name: string): string {
  return (/\.([^.]+)$/.exec(name)?.[1] ?? '').toLowerCase();
}

function formatOf(file: File): Format {
  const ending = endingOf(file.name);
  const format = formats[ending] ?? (ending === '' && file.type === 'text/html' ? 'html' : ending === '' && file.type === 'text/plain' ? 'text' : undefined);
  if (!format) {
    throw new Problem(422, 'kind', t(ending === 'pdf' ? 'pads.bring_pdf' : others.includes(ending) ? 'pads.bring_other' : 'pads.bring_unknown'));
  }
  if (file.size === 0) throw new Problem(422, 'empty', t('pads.bring_empty'));
  return format;
}

/** A plain text is no Markdown: its stars and lines stay as they are. What is not UTF-8 was written by an older Windows. */
async function pageOf(file: File): Promise<Blob> {
  if (file.size > text_bytes_max) throw new Problem(413, 'large', t('pads.bring_large'));
  const bytes = await file.arrayBuffer();
  const start = new Uint8Array(bytes.slice(0, 2));
  const wide = start[0] === 0xff && start[1] === 0xfe ? 'utf-16le' : start[0] === 0xfe && start[1] === 0xff ? 'utf-16be' : null;
  let text: string;
  try {
    text = new TextDecoder(wide ?? 'utf-8', { fatal: true }).decode(bytes);
  } catch {
    text = new TextDecoder('windows-1252').decode(bytes);
  }
  const lines = text.split(/\r\n|\r|\n/).map((line) => `<p>${line.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/\t/g, '&#9;')}</p>`);
  return new Blob(['<!doctype html><meta charset="utf-8"><body>', lines.join('\n')], { type: 'text/html' });
}

const types = { docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document', markdown: 'text/markdown', html: 'text/html' };

async function bring(one: Bringing): Promise<void> {
  const format = formatOf(one.file);
  const body = format === 'text' ? await pageOf(one.file) : one.file;
  const sent = format === 'text' ? 'html' : format;
  const name = one.name.replace(/\.[^.]+$/, '').normalize('NFC').slice(0, name_letters_max).trim();
  const base = slugOf(name) || 'texte';
  for (let turn = 1; ; turn += 1) {
    const slug = turn === 1 ? base : `${base}-${Math.floor(Math.random() * 9000) + 1000}`;
    const query = new URLSearchParams({ format: sent, slug, ...(name ? { name } : {}) });
    const sending = upload<Pad & { warnings?: string[] }>(`/api/v1/associations/${one.slug}/pads/import?${query}`, body, types[sent], (part) => change(one.id, { part }));
    change(one.id, { part: 0, cancel: sending.cancel });
    try {
      const { warnings, ...pad } = await sending.done;
      change(one.id, { part: null, pad, warnings: warnings ?? [] });
      return;
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'pad_slug_taken' || turn >= 5) throw error;
    }
  }
}

async function run(): Promise<void> {
  if (running) return;
  running = true;
  for (let next = bringings.find(isUnderWay); next; next = bringings.find(isUnderWay)) {
    const one = next;
    await bring(one).catch((error: unknown) => change(one.id, { part: null, problem: asProblem(error) }));
  }
  running = false;
}

export function startBringing(slug: string, files: File[]): void {
  bringings = [...bringings, ...files.map((file) => {
    last += 1;
    const id = last;
    return { id, slug, name: file.name, file, part: null, problem: null, pad: null, warnings: [], cancel: () => forgetBringing(id) };
  })];
  tell();
  void run();
}
