// Documents from elsewhere (Word, Markdown, a web page, plain text) become texts: choosing or dropping files, how far each is, what did not
// come along. Part of Écrire (pages/pads.tsx); what is sent lives in ../bringing.ts.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { t } from '../../common/i18n';
import { Button, Notice } from '../../common/parts';
import { type Bringing, forgetBringing, isUnderWay, startBringing, useBringings } from '../bringing';

const accepted = '.docx,.md,.markdown,.html,.htm,.txt';

/** The verb. Everything is taken, also what the chooser would grey out: the sentence that refuses it says what to do. */
export function BringButton({ slug }: { slug: string }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <Button onClick={() => input.current?.click()}>{t('pads.bring')}</Button>
      <input ref={input} class="hidden" type="file" tabIndex={-1} aria-hidden="true" data-pick="document" multiple accept={accepted}
        onChange={(event) => {
          const files = [...event.currentTarget.files ?? []];
          event.currentTarget.value = '';
          if (files.length > 0) startBringing(slug, files);
        }} />
    </>
  );
}

const carriesFiles = (event: DragEvent) => [...event.dataTransfer?.types ?? []].includes('Files');

/** Files that are dropped anywhere on `children`. */
export function BringPlace({ slug, children }: { slug: string; children: ComponentChildren }) {
  const [over, setOver] = useState(false);
  return (
    <div class={over ? 'bring over' : 'bring'}
      onDragOver={(event) => { if (carriesFiles(event)) { event.preventDefault(); setOver(true); } }}
      onDragLeave={(event) => { if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false); }}
      onDrop={(event) => {
        if (!carriesFiles(event)) return;
        event.preventDefault();
        setOver(false);
        startBringing(slug, [...event.dataTransfer!.files]);
      }}>
      {children}
    </div>
  );
}

function Row({ one }: { one: Bringing }) {
  if (one.problem) {
    return <Notice tone="serious"><p>{t('pads.bring_failed', { name: one.name })} {one.problem.message}</p>
      <p class="verbs"><Button label={t('pads.bring_seen_what', { name: one.name })} onClick={() => forgetBringing(one.id)}>{t('pads.bring_seen')}</Button></p></Notice>;
  }
  if (one.pad) {
    return (
      <Notice tone={one.warnings.length > 0 ? 'attention' : 'good'}>
        <p>{t(one.warnings.length > 0 ? 'pads.brought_part' : 'pads.brought', { title: one.pad.title })}</p>
        {one.warnings.length > 0 && <ul>{one.warnings.map((sentence) => <li key={sentence}>{sentence}</li>)}</ul>}
        <p class="verbs"><a class="button" href={`/pads/${one.pad.id}`} aria-label={t('pads.bring_open_what', { title: one.pad.title })}>{t('pads.bring_open')}</a>
          <Button label={t('pads.bring_seen_what', { name: one.pad.title })} onClick={() => forgetBringing(one.id)}>{t('pads.bring_seen')}</Button></p>
      </Notice>
    );
  }
  return (
    <div class="sending">
      <p>{t(one.part === null ? 'pads.bring_waits' : one.part < 1 ? 'pads.bringing' : 'pads.bring_read', { name: one.name })}</p>
      {one.part !== null && (one.part < 1 ? <progress max={1} value={one.part} aria-label={one.name} /> : <progress aria-label={one.name} />)}
      <Button label={t('pads.bring_cancel_what', { name: one.name })} onClick={one.cancel}>{t('cancel')}</Button>
    </div>
  );
}

/** What is under way and what came of it. One file that came whole opens by itself while this is looked at. */
export function BroughtList({ slug, onBrought }: { slug: string; onBrought: () => void }) {
  const all = useBringings(slug);
  const mine = useRef(new Set<number>());
  const done = all.filter((one) => one.pad).length;
  useEffect(() => { if (done > 0) onBrought(); }, [done]);
  useEffect(() => {
    const [only] = all;
    for (const one of all.filter(isUnderWay)) mine.current.add(one.id);
    if (all.length === 1 && only?.pad && only.warnings.length === 0 && mine.current.has(only.id)) {
      const { id } = only.pad;
      forgetBringing(only.id);
      location.assign(`/pads/${id}`);
    }
  }, [all]);
  return (
    <>
      {all.some(isUnderWay) && <p class="soft">{t('pads.bring_elsewhere')}</p>}
      <div role="status" class="brought">{all.map((one) => <Row key={one.id} one={one} />)}</div>
    </>
  );
}
