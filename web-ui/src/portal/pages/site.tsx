// The association's sites: publish a folder or a ZIP, see the versions, go back to one of them.
import { useEffect, useState } from 'preact/hooks';
import { call, type Deploy, get, getAll, type Member, type Site } from '../../common/api';
import { useAction, useLoad, useSeenAgain } from '../../common/hooks';
import { day, size, t, tn, when } from '../../common/i18n';
import { Button, ErrorSummary, Field, Loading, Notice, Phrase, ProblemNotice, errorOf } from '../../common/parts';
import { shownNames } from '../../common/same-names';
import { forgetReport, useSending } from '../sending';
import { useMember } from '../state';
import { Programs } from './programs';
import { Publish, Remarks } from './publish';
import { Tokens } from './tokens';

const versions_first = 5;

interface VersionsProps { site: Site; versions: Deploy[]; nameOf: (login: string) => string; onSwitched: (n: number) => void; onStale: () => void }
function Versions({ site, versions, nameOf, onSwitched, onStale }: VersionsProps) {
  const [all, setAll] = useState(false);
  const action = useAction();
  const sorted = [...versions].sort((a, b) => b.number - a.number);
  const shown = all ? sorted : sorted.slice(0, versions_first);
  const [doubted, setDoubted] = useState(0);
  const live = versions.find((one) => one.live);
  const go = (number: number, anyway = false) => void action.run(async () => {
    setDoubted(number);
    await call('POST', `/api/v1/sites/${site.host}/live?after=${live?.number ?? 0}${anyway ? '&anyway=1' : ''}`, { number }).catch((error: unknown) => {
      // Somebody else changed the site meanwhile: the list shows it, and the verbs are there for a second thought.
      onStale();
      throw error;
    });
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
                <p class="soft">{t('site.version_by', { name: nameOf(one.by), when: when(one.created) })} · {tn('site.files', one.files)}, {size(one.bytes)}</p>
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
  const { association } = useMember();
  const members = useLoad(association?.slug ?? null, () => getAll<Member>(`/api/v1/associations/${association?.slug}/members`));
  const shown = shownNames(members.data ?? []);
  // What the declared file brought was published by nobody of the association.
  const nameOf = (login: string) => (login === 'admin' && shown(login) === login ? t('role.admin') : shown(login));
  const live = versions.data?.find((one) => one.live);
  const before = live?.number;
  const refresh = () => { versions.reload(); reload(); };
  useSeenAgain(refresh);
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
      {site.certificate_reason && <Notice tone="attention"><p>{t('site.certificate_missing', { reason: site.certificate_reason })}</p></Notice>}
      {report && (
        <Notice tone={report.warnings?.length ? 'attention' : 'good'}>
          <p>{t('site.published', { number: report.number })}</p>
          {Boolean(report.warnings?.length) && <><p>{tn('site.warnings', report.warnings!.length)}</p><Remarks items={report.warnings!} /></>}
        </Notice>
      )}
      <Publish site={site} live={live} nameOf={nameOf} onPublished={refresh} onStale={refresh} />
      {versions.problem ? <ProblemNotice problem={versions.problem} /> : !versions.data ? <Loading />
        : <Versions site={site} versions={versions.data} nameOf={nameOf} onStale={refresh} onSwitched={(number) => {
          refresh();
          offerBack(t('site.switched', { number }), before);
        }} />}
      <Automation host={site.host} nameOf={nameOf} />
    </>
  );
}

/** Opened on demand: most people publish by hand. */
function Automation({ host, nameOf }: { host: string; nameOf: (login: string) => string }) {
  const [open, setOpen] = useState(false);
  const { session } = useMember();
  if (session.shared_computer) return null;
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t('site.automation')}</summary>
      {open && <><Tokens host={host} nameOf={nameOf} /><Programs site={host} /></>}
    </details>
  );
}

function NewSite({ slug, onMade, onClose }: { slug: string; onMade: () => void; onClose: (() => void) | undefined }) {
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
      <p class="verbs"><Button type="submit" kind="main" busy={busy}>{t('site.make')}</Button>
        {onClose && <Button onClick={onClose}>{t('cancel')}</Button>}</p>
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
        {site && <Button kind="danger" busy={action.busy} onClick={() => remove(site)}>{t('site.remove', { address: site.host })}</Button>}
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
            ? <NewSite slug={slug} onMade={() => { setAdding(false); sites.reload(); }} onClose={site ? () => setAdding(false) : undefined} />
            : <p class="apart"><Button onClick={() => setAdding(true)}>{t('site.new_verb')}</Button></p>)}
          {manages && <Removal slug={slug} site={site} reload={sites.reload} />}
        </>
      )}
    </>
  );
}
