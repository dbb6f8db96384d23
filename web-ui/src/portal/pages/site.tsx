// The association's sites: publish a folder or a ZIP, see the versions, go back to one of them.
import { useRef, useState } from 'preact/hooks';
import { call, type Deploy, type DeployReport, get, getAll, Problem, type Site, upload } from '../../common/api';
import { asProblem, useAction, useLoad } from '../../common/hooks';
import { number, size, t, tn, typography, when } from '../../common/i18n';
import { Button, ErrorSummary, Field, Loading, Notice, Phrase, ProblemNotice, errorOf } from '../../common/parts';
import { archiveOf, archiveType, droppedFiles, type Entry, withoutTop } from '../archive';
import { useMember } from '../state';

const versions_first = 5;
const remarks_first = 10;

/** What the house remarks about the files, in its own sentences. */
function Remarks({ items }: { items: string[] }) {
  return (
    <ul>
      {items.slice(0, remarks_first).map((item, i) => <li key={i}>{typography(item)}</li>)}
      {items.length > remarks_first && <li>{tn('site.remarks_more', items.length - remarks_first)}</li>}
    </ul>
  );
}

interface PublishProps { site: Site; onPublished: (report: DeployReport) => void }
function Publish({ site, onPublished }: PublishProps) {
  const [part, setPart] = useState<number | null>(null);
  const [name, setName] = useState('');
  const [problem, setProblem] = useState<Problem | null>(null);
  const [over, setOver] = useState(false);
  const cancel = useRef<() => void>(() => undefined);
  const zip = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);

  const send = async (body: Blob, type: string, what: string) => {
    setProblem(null);
    setName(what);
    setPart(0);
    const sending = upload(`/api/v1/sites/${site.host}/deploys`, body, type, setPart);
    cancel.current = sending.cancel;
    try {
      onPublished(await sending.done);
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setPart(null);
    }
  };
  const take = (entries: Entry[]) => {
    const only = entries.length === 1 ? entries[0] : undefined;
    const type = only && !only.path.includes('/') ? archiveType(only.path) : null;
    if (only && type) return void send(only.file, type, only.file.name);
    const files = withoutTop(entries);
    if (files.length === 0) return setProblem(new Problem(422, 'empty', t('site.empty_folder')));
    if (!files.some((entry) => /^index\.html?$/i.test(entry.path))) {
      return setProblem(new Problem(422, 'no_index', t('site.no_index')));
    }
    return void send(archiveOf(files), 'application/x-tar', tn('site.files', files.length));
  };
  const chosen = (list: FileList | null) =>
    list && list.length > 0 && take([...list].map((file) => ({ path: file.webkitRelativePath || file.name, file })));

  return (
    <section aria-labelledby="publish">
      <h2 id="publish">{t('site.publish')}</h2>
      {problem && (
        <Notice tone="serious">
          <p>{problem.detail} {problem.code === 'cancelled' && t('site.unchanged')}</p>
          {problem.fields.length > 0 && <Remarks items={problem.fields.map((f) => f.message)} />}
          {problem.reference && <p class="soft">{t('error.reference', { reference: problem.reference })}</p>}
        </Notice>
      )}
      {part === null ? (
        <div class={`drop${over ? ' over' : ''}`}
          onDragOver={(event) => { event.preventDefault(); setOver(true); }}
          onDragLeave={() => setOver(false)}
          onDrop={(event) => {
            event.preventDefault();
            setOver(false);
            if (event.dataTransfer) void droppedFiles(event.dataTransfer.items).then(take, (e: unknown) => setProblem(asProblem(e)));
          }}>
          <p>{t('site.drop')}</p>
          <p class="verbs">
            <Button kind="main" onClick={() => folder.current?.click()}>{t('site.choose_folder')}</Button>
            <Button onClick={() => zip.current?.click()}>{t('site.choose_zip')}</Button>
          </p>
          <p class="soft">{t('site.publish_safe')}</p>
          <input ref={folder} class="hidden" type="file" tabIndex={-1} aria-hidden="true" data-pick="folder" multiple
            {...{ webkitdirectory: '' }} onChange={(event) => { chosen(event.currentTarget.files); event.currentTarget.value = ''; }} />
          <input ref={zip} class="hidden" type="file" tabIndex={-1} aria-hidden="true" data-pick="zip"
            accept=".zip,.tar,.tgz,.gz,.zst" onChange={(event) => { chosen(event.currentTarget.files); event.currentTarget.value = ''; }} />
        </div>
      ) : (
        <div class="sending">
          <label for="sending">{part < 1 ? t('site.sending', { name }) : t('site.unpacking')}</label>
          <progress id="sending" max={1} {...(part < 1 ? { value: part } : {})} />
          <p class="soft" role="status">{part < 1 ? t('site.sent_part', { percent: number(Math.floor(part * 10) * 10) }) : t('site.unpacking')}</p>
          <Button onClick={() => cancel.current()}>{t('cancel')}</Button>
        </div>
      )}
    </section>
  );
}

function Versions({ site, versions, onSwitched }: { site: Site; versions: Deploy[]; onSwitched: (n: number) => void }) {
  const [all, setAll] = useState(false);
  const action = useAction();
  const sorted = [...versions].sort((a, b) => b.number - a.number);
  const shown = all ? sorted : sorted.slice(0, versions_first);
  const go = (number: number) => void action.run(async () => {
    await call('POST', `/api/v1/sites/${site.host}/live`, { number });
    onSwitched(number);
  });
  return (
    <section aria-labelledby="versions">
      <h2 id="versions">{t('site.versions')}</h2>
      {action.problem && <ProblemNotice problem={action.problem} />}
      {versions.length === 0 ? <p>{t('site.no_versions')}</p> : (
        <ul class="rows">
          {shown.map((one) => (
            <li key={one.number}>
              <div>
                <p class="row-title">{t('site.version', { number: one.number })}{one.live && <span class="badge good">{t('site.online')}</span>}</p>
                <p class="soft">{t('site.version_by', { name: one.by, when: when(one.created) })} · {tn('site.files', one.files)}, {size(one.bytes)}</p>
              </div>
              {!one.live && <Button busy={action.busy} label={t('site.back_to', { number: one.number })} onClick={() => go(one.number)}>{t('site.put_online')}</Button>}
            </li>
          ))}
        </ul>
      )}
      {sorted.length > shown.length && <p><Button onClick={() => setAll(true)}>{tn('more', sorted.length - shown.length)}</Button></p>}
      {site.live !== null && <p><a href={`/api/v1/sites/${site.host}/archive?format=zip`} download={`${site.host}.zip`}>{t('site.download')}</a></p>}
    </section>
  );
}

function OneSite({ site, reload }: { site: Site; reload: () => void }) {
  const { offerUndo } = useMember();
  const versions = useLoad(site.host, () => getAll<Deploy>(`/api/v1/sites/${site.host}/deploys`));
  const [report, setReport] = useState<DeployReport | null>(null);
  const before = versions.data?.find((one) => one.live)?.number;
  const refresh = () => { versions.reload(); reload(); };
  const switchTo = (number: number) => call('POST', `/api/v1/sites/${site.host}/live`, { number }).then(refresh, refresh);
  const offerBack = (text: string) => {
    if (before !== undefined) offerUndo(text, () => { setReport(null); void switchTo(before); });
  };
  return (
    <>
      {site.live === null ? <Phrase light="asleep">{t('site.not_online')}</Phrase> : (
        <>
          <Phrase light="lit"><a href={site.url} target="_blank" rel="noopener">{site.host}<span class="hidden"> {t('new_tab')}</span></a> {t('site.is_online')}</Phrase>
          <p class="soft">
            {site.pages !== undefined ? tn('site.pages', site.pages) : tn('site.files', site.files)}, {size(site.bytes)}
            {site.home && <> · {t('site.home_weight', { size: size(site.home.bytes) })}{site.home.grade && <>, {t('site.grade', { grade: site.home.grade })}</>}</>}
          </p>
          {site.home?.grade && <p class="soft">{t('site.grade_why')}</p>}
        </>
      )}
      {report && (
        <Notice tone={report.warnings?.length ? 'attention' : 'good'}>
          <p>{t('site.published', { number: report.number })}</p>
          {Boolean(report.warnings?.length) && <><p>{tn('site.warnings', report.warnings!.length)}</p><Remarks items={report.warnings!} /></>}
        </Notice>
      )}
      <Publish site={site} onPublished={(done) => {
        setReport(done);
        refresh();
        offerBack(t('site.undo_publish'));
      }} />
      {versions.problem ? <ProblemNotice problem={versions.problem} /> : !versions.data ? <Loading />
        : <Versions site={site} versions={versions.data} onSwitched={(number) => {
          refresh();
          offerBack(t('site.switched', { number }));
        }} />}
    </>
  );
}

function NewSite({ slug, onMade }: { slug: string; onMade: () => void }) {
  const about = useLoad(slug, () => get<{ domains: string[] }>(`/api/v1/associations/${slug}`));
  const [host, setHost] = useState('');
  const { busy, problem, run } = useAction();
  return (
    <form class="form panel" noValidate aria-labelledby="new-site" onSubmit={(event) => {
      event.preventDefault();
      void run(async () => {
        await call('POST', `/api/v1/associations/${slug}/sites`, { host: host.trim().toLowerCase() });
        onMade();
      });
    }}>
      <h2 id="new-site">{t('site.new')}</h2>
      <ErrorSummary problem={problem} labels={{ host: t('site.address') }} />
      <Field name="host" label={t('site.address')} example={t('site.address_example', { domain: about.data?.domains[0] ?? 'association.org' })} value={host} onValue={setHost} inputmode="url"
        error={errorOf(problem, 'host')} required />
      <Button type="submit" kind="main" busy={busy}>{t('site.make')}</Button>
    </form>
  );
}

export function SitePage() {
  const { association, manages } = useMember();
  const slug = association?.slug ?? null;
  const sites = useLoad(slug, () => getAll<Site>(`/api/v1/associations/${slug}/sites`));
  const [chosen, setChosen] = useState('');
  const [adding, setAdding] = useState(false);
  const site = sites.data?.find((one) => one.host === chosen) ?? sites.data?.[0];
  return (
    <>
      <h1 tabIndex={-1}>{t('site.title')}</h1>
      {!slug ? <p>{t('home.no_association')}</p> : sites.problem ? <ProblemNotice problem={sites.problem} /> : !sites.data ? <Loading /> : (
        <>
          {sites.data.length > 1 && (
            <label class="field pick">{t('site.which')}
              <select value={site?.host ?? ''} onChange={(event) => setChosen(event.currentTarget.value)}>
                {sites.data.map((one) => <option key={one.host} value={one.host}>{one.host}</option>)}
              </select>
            </label>
          )}
          {site && <OneSite key={site.host} site={site} reload={sites.reload} />}
          {!site && !manages && <p>{t('site.none')}</p>}
          {manages && (!site || adding
            ? <NewSite slug={slug} onMade={() => { setAdding(false); sites.reload(); }} />
            : <p class="apart"><Button onClick={() => setAdding(true)}>{t('site.new_verb')}</Button></p>)}
        </>
      )}
    </>
  );
}
