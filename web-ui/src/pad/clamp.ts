// What comes through the shared document may be anything: another program, or somebody who means harm, writes it. Every
// value is brought into its bounds when a node or mark is made (schema.ts), wherever it came from, so that nothing behind
// this has to ask again about a value (how many formats are in force is bounded in lines/formats.ts). The bounds are those of
// the exporter (modules/pads/export/content.cpp); what does not fit counts as not said. Nothing is written back: an edit at
// that very place repairs it for everybody.
import type { Attrs, MarkType, NodeType, Schema } from 'prosemirror-model';
import { keptAddress, safeAddress } from './addresses';

export { safeAddress };

export const spans_max = 100;       // of one cell, as in the exporter
export const width_max = 2000;      // of a column, in CSS pixels
const side_max = 10_000;            // of an image, in CSS pixels
const start_max = 1_000_000_000;    // of a list's numbers
const words_max = 4000;             // of a description
const name_max = 200;

type Rule = (value: unknown, all: Attrs) => unknown;

/** Some editors keep what they read in a page: text. */
const number = (most: number, otherwise: number | null): Rule => (value) => {
  const one = typeof value === 'number' || (typeof value === 'string' && /^\d{1,10}$/.test(value)) ? Math.floor(Number(value)) : Number.NaN;
  return one >= 1 && one <= most ? one : otherwise;
};
const text = (most: number): Rule => (value) => (typeof value === 'string' ? value.slice(0, most) : null);
const word = (pattern: RegExp): Rule => (value) => (typeof value === 'string' && pattern.test(value) ? value : null);
const address: Rule = (value) => (safeAddress(value) ? value : null);
const link: Rule = (value) => (typeof value === 'string' && keptAddress(value)) || null;
const span = number(spans_max, 1);

/** One number for each column that the cell spans, 0 where nobody dragged. */
const widths: Rule = (value, all) => {
  if (!Array.isArray(value) || value.length !== span(all.colspan, all)) return null;
  const kept = value.map((one: unknown) => (typeof one === 'number' && one >= 1 && one <= width_max ? one : 0));
  return kept.some(Boolean) ? kept : null;
};

const align = word(/^(left|center|right|justify)$/);
const cell = { colspan: span, rowspan: span, colwidth: widths };
const nodeRules: Record<string, Record<string, Rule>> = {
  paragraph: { textAlign: align },
  heading: { textAlign: align, level: number(6, 1) },
  codeBlock: { language: text(name_max) },
  orderedList: { start: number(start_max, 1), type: word(/^[1aAiI]$/) },
  taskItem: { checked: (value) => value === true },
  image: { src: address, alt: text(words_max), title: text(words_max), width: number(side_max, null), height: number(side_max, null) },
  tableHeader: cell,
  tableCell: cell,
  mention: { id: text(name_max), label: text(name_max) },
};
const markRules: Record<string, Record<string, Rule>> = {
  link: { href: link, target: text(name_max), rel: text(name_max), class: text(name_max), title: text(words_max) },
  textStyle: { color: text(name_max), fontFamily: text(name_max), fontSize: text(name_max) },
  highlight: { color: text(name_max) },
  comment: { id: text(name_max) },
};

function clamped(rules: Record<string, Rule>, attrs: Attrs): Attrs {
  return Object.fromEntries(Object.entries(attrs).map(([name, value]) => [name, value === null ? value : rules[name] ? rules[name](value, attrs) : value]));
}

/** Every way to a node or mark (the shared document, JSON, pasted HTML, steps) goes through these two methods. */
export function clampValues(schema: Schema): void {
  for (const [name, rules] of Object.entries(nodeRules)) {
    const type = schema.nodes[name] as NodeType & { computeAttrs: (attrs: Attrs | null) => Attrs };
    const compute = type.computeAttrs.bind(type);
    type.computeAttrs = (attrs) => clamped(rules, compute(attrs));
  }
  for (const [name, rules] of Object.entries(markRules)) {
    const type = schema.marks[name] as MarkType;
    const create = type.create.bind(type);
    type.create = (attrs) => create(clamped(rules, attrs ?? {}));
  }
}
