// The association's sites: publish a folder or a ZIP, see the versions, go back to one of them.
import { useEffect, useRef, useState } from 'preact/hooks';
import { call, type Deploy, get, getAll, Problem, type Site } from '../../common/api';
import { asProblem, useAction, useLoad } from '../../common/hooks';
import { day, number, size, t, tn, typography, when } from '../../common/i18n';
import { Button, ErrorSummary, Field, Loading, Notice, Phrase, ProblemNotice, errorOf } from '../../common/parts';
import { archiveOf, archiveType, droppedFiles, type Entry, withoutTop } from '../archive';
import { askAnyway, forgetReport, type Sent, startSending, useSending } from '../sending';
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

interface PublishProps { site: Site; before?: number; onPublished: () => void }
function Publish({ site, before, onPublished }: PublishProps) {
  const { say } = useMember();
  const sending = useSending(site.host);
  const [wrong, setWrong] = useState<Problem | null>(null);
  const [over, setOver] = useState(false);
  const zip = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const { part, name } = sending;
  const problem = wrong ?? sending.problem;

  const send = (what: Sent, anyway = false) => {
    setWrong(null);
    startSending(site.host, what, anyway, before, (number) => {
      say(t('site.published', { number }));
      onPublished();
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
          {problem.code === 'upload_doubtful' && sending.last && (
            <p><Button onClick={() => send(sending.last!, true)}>{t('site.publish_anyway')}</Button></p>
          )}
        </Notice>
      )}
      {part === null ? (
        <div class={`drop${over ? ' over' : ''}`}
          onDragOver={(event) => { event.preventDefault(); setOver(true); }}
          onDragLeave={() => setOver(false)}
          onDrop={(event) => {
            event.preventDefault();
            setOver(false);
            if (event.dataTransfer) void droppedFiles(event.dataTransfer.items).then(take, (e: unknown) => setWrong(asProblem(e)));
          }}>
          <p>{t('site.drop')}</p>
          <p class="verbs">
            <Button kind="main" onClick={() => folder.current?.click()}>{t('site.choose_folder')}</Button>
            <Button onClick={() => zip.current?.click()}>{t('site.choose_zip')}</Button>
          </p>
          <p class="soft">{t('site.publish_safe')}</p>
          <input ref={folder} class="hidden" type="file" tabIndex={-1} aria-hidden="true" data-pick="folder" multiple
            {...{ webkitdirectory: true }} onChange={(event) => { chosen(event.currentTarget.files); event.currentTarget.value = ''; }} />
          <input ref={zip} class="hidden" type="file" tabIndex={-1} aria-hidden="true" data-pick="zip"
            accept=".zip,.tar,.tgz,.gz,.zst" onChange={(event) => { chosen(event.currentTarget.files); event.currentTarget.value = ''; }} />
        </div>
      ) : (
        <div class="sending">
          <label for="sending">{part < 1 ? t('site.sending', { name }) : t('site.unpacking')}</label>
          <progress id="sending" max={1} {...(part < 1 ? { value: part } : {})} />
          <p class="soft" role="status">{part < 1 ? t('site.sent_part', { percent: number(Math.floor(part * 10) * 10) }) : t('site.unpacking')}</p>
          <p class="soft">{t('site.sending_goes_on')}</p>
          <Button onClick={() => sending.cancel()}>{t('cancel')}</Button>
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
  const [doubted, setDoubted] = useState(0);
  const go = (number: number, anyway = false) => void action.run(async () => {
    setDoubted(number);
    await call('POST', `/api/v1/sites/${site.host}/live${anyway ? '?anyway=1' : ''}`, { number });
    onSwitched(number);
  });
  return (
    <section aria-labelledby="versions">
      <h2 id="versions">{t('site.versions')}</h2>
      {action.problem && <ProblemNotice problem={action.problem} />}
      {action.problem?.code === 'version_doubtful' && (
        <>
          <Remarks items={action.problem.fields.map((f) => f.message)} />
          <p><Button busy={action.busy} onClick={() => go(doubted, true)}>{t('site.put_online_anyway')}</Button></p>
        </>
      )}
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
  const { report, before: replaced } = useSending(site.host);
  const before = versions.data?.find((one) => one.live)?.number;
  const refresh = () => { versions.reload(); reload(); };
  // What was there a moment ago comes back whatever there is to say about it.
  const offerBack = (text: string, number?: number) => {
    if (number === undefined) return;
    offerUndo(text, () => {
      forgetReport(site.host);
      void call('POST', `/api/v1/sites/${site.host}/live?anyway=1`, { number }).then(refresh, refresh);
    });
  };
  // The sending may have ended while another page was looked at: what came of it is told here.
  useEffect(() => {
    if (report) {
      refresh();
      offerBack(t('site.undo_publish'), replaced);
    }
  }, [report]);
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
      <Publish site={site} before={before} onPublished={refresh} />
      {versions.problem ? <ProblemNotice problem={versions.problem} /> : !versions.data ? <Loading />
        : <Versions site={site} versions={versions.data} onSwitched={(number) => {
          refresh();
          offerBack(t('site.switched', { number }), before);
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

const bin_ms = 30 * 24 * 3600 * 1000;

/** What was removed in the last 30 days, and the way back. */
function Bin({ slug, onRestored }: { slug: string; onRestored: (host: string) => void }) {
  const sites = useLoad(slug, () => getAll<Site & { gone: string }>(`/api/v1/associations/${slug}/sites?bin=1`));
  const action = useAction();
  const restore = (host: string) => void action.run(async () => {
    await call('POST', `/api/v1/sites/${host}/restore`, {});
    onRestored(host);
    sites.reload();
  });
  if (sites.problem) return <ProblemNotice problem={sites.problem} />;
  if (!sites.data) return <Loading />;
  return (
    <>
      {action.problem && <ProblemNotice problem={action.problem} />}
      {sites.data.length === 0 ? <p>{t('pads.bin_empty')}</p> : (
        <ul class="rows">
          {sites.data.map((one, i) => (
            <li key={`${one.host}${i}`}>
              <div><p class="row-title">{one.host}</p><p class="soft">{t('pads.bin_until', { date: day(one.gone) })}</p></div>
              <Button busy={action.busy} label={t('site.restore_label', { address: one.host })} onClick={() => restore(one.host)}>{t('site.restore')}</Button>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

/** For managers: takes the site that is looked at away, and opens the bin. */
function Removal({ slug, site, reload }: { slug: string; site?: Site | undefined; reload: () => void }) {
  const { offerUndo, say } = useMember();
  const [open, setOpen] = useState(false);
  const [turn, setTurn] = useState(0);
  const action = useAction();
  const back = (host: string) => { say(t('site.restored', { address: host })); setTurn((now) => now + 1); reload(); };
  const remove = ({ host }: Site) => void action.run(async () => {
    await call('DELETE', `/api/v1/sites/${host}`);
    setTurn((now) => now + 1);
    reload();
    offerUndo(t('site.binned', { address: host, date: day(Date.now() + bin_ms) }), () => {
      void action.run(() => call('POST', `/api/v1/sites/${host}/restore`, {})).then((worked) => worked && back(host));
    });
  });
  return (
    <section class="apart" aria-labelledby="bin">
      <h2 id="bin">{t('pads.bin')}</h2>
      {action.problem && <ProblemNotice problem={action.problem} />}
      {open && <Bin key={turn} slug={slug} onRestored={back} />}
      <p class="verbs">
        {site && <Button busy={action.busy} onClick={() => remove(site)}>{t('site.remove', { address: site.host })}</Button>}
        <button type="button" class="button outlined" aria-expanded={open} onClick={() => setOpen(!open)}>{t(open ? 'pads.bin_close' : 'pads.bin_open')}</button>
      </p>
    </section>
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
          {manages && <Removal slug={slug} site={site} reload={sites.reload} />}
        </>
      )}
    </>
  );
}
