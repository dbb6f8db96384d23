// Sending a folder or a ZIP to a site: choosing or dropping it, how far it is, and what stands against it. Part of the Site
// page; the sending itself (sending.ts) outlives it.
import { useRef, useState } from 'preact/hooks';
import { type Deploy, Problem, type Site } from '../../common/api';
import { asProblem } from '../../common/hooks';
import { number, t, tn, typography, when } from '../../common/i18n';
import { Button, Notice } from '../../common/parts';
import { archiveOf, archiveType, droppedFiles, type Entry, withoutTop } from '../archive';
import { askAnyway, type Sending, type Sent, startSending, useSending } from '../sending';
import { useMember } from '../state';

const remarks_first = 10;

/** What the house remarks about the files, in its own sentences. */
export function Remarks({ items }: { items: string[] }) {
  return (
    <ul>
      {items.slice(0, remarks_first).map((item, i) => <li key={i}>{typography(item)}</li>)}
      {items.length > remarks_first && <li>{tn('site.remarks_more', items.length - remarks_first)}</li>}
    </ul>
  );
}

interface RefusalProps { problem: Problem; sending: Sending; live: Deploy | undefined; nameOf: (login: string) => string; again: (anyway: boolean) => void }
/** Why nothing was published, and the way on where there is one. */
function Refusal({ problem, sending, live, nameOf, again }: RefusalProps) {
  const newer = problem.code === 'version_newer';
  return (
    <Notice tone={newer ? 'attention' : 'serious'}>
      <p>{problem.detail} {problem.code === 'cancelled' && t('site.unchanged')}</p>
      {newer && live && <p>{t('site.newer', { name: nameOf(live.by), number: live.number, when: when(live.created) })}</p>}
      {problem.fields.length > 0 && <Remarks items={problem.fields.map((f) => f.message)} />}
      {problem.reference && <p class="soft">{t('error.reference', { reference: problem.reference })}</p>}
      {['upload_doubtful', 'upload_rules'].includes(problem.code) && sending.last && <p><Button onClick={() => again(true)}>{t('site.publish_anyway')}</Button></p>}
      {newer && sending.last && <p><Button onClick={() => again(sending.anyway)}>{t('site.replace')}</Button></p>}
    </Notice>
  );
}

function Progress({ sending: { part, name, cancel } }: { sending: Sending }) {
  if (part === null) return null;
  return (
    <div class="sending">
      <label for="sending">{part < 1 ? t('site.sending', { name }) : t('site.unpacking')}</label>
      <progress id="sending" max={1} {...(part < 1 ? { value: part } : {})} />
      <p class="soft" role="status">{part < 1 ? t('site.sent_part', { percent: number(Math.floor(part * 10) * 10) }) : t('site.unpacking')}</p>
      <p class="soft">{t('site.sending_goes_on')}</p>
      <Button onClick={() => cancel()}>{t('cancel')}</Button>
    </div>
  );
}

/** Where files are dropped or chosen. */
function DropPlace({ take, failed }: { take: (entries: Entry[]) => void; failed: (problem: Problem) => void }) {
  const [over, setOver] = useState(false);
  const zip = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const chosen = (input: HTMLInputElement) => {
    const files = [...input.files ?? []];
    input.value = '';
    if (files.length > 0) take(files.map((file) => ({ path: file.webkitRelativePath || file.name, file })));
  };
  return (
    <div class={`drop${over ? ' over' : ''}`}
      onDragOver={(event) => { event.preventDefault(); setOver(true); }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        if (event.dataTransfer) void droppedFiles(event.dataTransfer.items).then(take, (error: unknown) => failed(asProblem(error)));
      }}>
      <p>{t('site.drop')}</p>
      <p class="verbs">
        <Button kind="main" onClick={() => folder.current?.click()}>{t('site.choose_folder')}</Button>
        <Button onClick={() => zip.current?.click()}>{t('site.choose_zip')}</Button>
      </p>
      <p class="soft">{t('site.publish_safe')}</p>
      <input ref={folder} class="hidden" type="file" tabIndex={-1} aria-hidden="true" data-pick="folder" multiple
        {...{ webkitdirectory: true }} onChange={(event) => chosen(event.currentTarget)} />
      <input ref={zip} class="hidden" type="file" tabIndex={-1} aria-hidden="true" data-pick="zip"
        accept=".zip,.tar,.tgz,.gz,.zst" onChange={(event) => chosen(event.currentTarget)} />
    </div>
  );
}

interface PublishProps { site: Site; live: Deploy | undefined; nameOf: (login: string) => string; onPublished: () => void; onStale: () => void }
export function Publish({ site, live, nameOf, onPublished, onStale }: PublishProps) {
  const { say } = useMember();
  const sending = useSending(site.host);
  const [wrong, setWrong] = useState<Problem | null>(null);
  const problem = wrong ?? sending.problem;
  const send = (what: Sent, anyway = false) => {
    setWrong(null);
    startSending(site.host, what, anyway, live?.number, {
      published: (version) => {
        say(t('site.published', { number: version }));
        onPublished();
      },
      stale: onStale,
    });
  };
  const take = (entries: Entry[]) => {
    const only = entries.length === 1 ? entries[0] : undefined;
    const type = only && !only.path.includes('/') ? archiveType(only.path) : null;
    if (only && type) return send({ body: only.file, type, name: only.file.name });
    const files = withoutTop(entries);
    if (files.length === 0) return setWrong(new Problem(422, 'empty', t('site.empty_folder')));
    const what = { body: archiveOf(files), type: 'application/x-tar', name: tn('site.files', files.length) };
    if (!files.some((entry) => /^(index|default)\.x?html?$/i.test(entry.path) || entry.path === '_redirects')) {
      // Asked before a heavy folder travels for nothing; the house asks the same.
      return askAnyway(site.host, what, new Problem(422, 'upload_doubtful', t('site.no_index')));
    }
    return send(what);
  };
  return (
    <section aria-labelledby="publish">
      <h2 id="publish">{t('site.publish')}</h2>
      {problem && <Refusal problem={problem} sending={sending} live={live} nameOf={nameOf} again={(anyway) => send(sending.last!, anyway)} />}
      {sending.part === null ? <DropPlace take={take} failed={setWrong} /> : <Progress sending={sending} />}
    </section>
  );
}
