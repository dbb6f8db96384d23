// Home: three services, each with one live thing and one verb, and one true line of sobriety.
import { get, getAll, type Membership, type MyMail, type Pad, type Site } from '../../common/api';
import { useLoad } from '../../common/hooks';
import { list, size, t, tn } from '../../common/i18n';
import { Loading, Phrase, Skyline } from '../../common/parts';
import { firstName } from '../names';
import { keepSeen } from '../seen';
import { useMember } from '../state';
import { lastWritten } from '../written';
import { CopiesNotice } from './copies';
import { TakeBlock } from './take';
import { UsageBlock } from './usage';

function MailBlock() {
  const mail = useLoad('mail', () => get<MyMail>('/api/v1/me/mail'));
  const unread = mail.data?.mailboxes.reduce((sum, box) => sum + (box.unread ?? 0), 0) ?? 0;
  const counted = mail.data?.mailboxes.some((box) => box.unread !== null);
  return (
    <section class="block" aria-labelledby="home-mail">
      <h2 id="home-mail">{t('home.mail')}</h2>
      {mail.problem ? <Phrase light="stopped">{mail.problem.detail}</Phrase>
        : !mail.data ? <Loading />
          : mail.data.mailboxes.length === 0 ? <Phrase light="asleep">{t('home.mail_none')}</Phrase>
            : <Phrase light={unread > 0 ? 'lit' : 'asleep'}>{counted ? tn('home.unread', unread) : t('home.unread_unknown')}</Phrase>}
      {mail.data && <CopiesNotice boxes={mail.data.mailboxes} />}
      <p class="verbs"><a class="button outlined" href="/mail">{t('home.mail_verb')}</a></p>
    </section>
  );
}

function PadsBlock({ association }: { association: Membership }) {
  const { session } = useMember();
  const pads = useLoad(association.slug, async () => {
    const all = await getAll<Pad>(`/api/v1/associations/${association.slug}/pads`);
    keepSeen(session, association, all);
    return all;
  });
  const sorted = [...(pads.data ?? [])].sort((a, b) => (a.here.length > 0 ? 1 : 0) - (b.here.length > 0 ? 1 : 0) || a.updated.localeCompare(b.updated)).reverse();
  const pad = sorted[0];
  return (
    <section class="block" aria-labelledby="home-pads">
      <h2 id="home-pads">{t('home.pads')}</h2>
      {pads.problem ? <Phrase light="stopped">{pads.problem.detail}</Phrase>
        : !pads.data ? <Loading />
          : !pad ? <Phrase light="asleep">{t('home.pads_none')}</Phrase>
            : (
              <Phrase light={pad.here.length > 0 ? 'lit' : 'asleep'}>
                <strong>{pad.title}</strong>{' '}
                <span class="soft">{pad.here.length > 0
                  ? tn('pads.here', pad.here.length, { names: list(pad.here.slice(0, 3)) })
                  : lastWritten(pad)}</span>
              </Phrase>
            )}
      <p class="verbs">
        {pad && <a class="button main" href={`/pads/${pad.id}`}>{t('home.pads_open')}</a>}
        <a class={`button ${pad ? 'outlined' : 'main'}`} href="/pads">{t(pad ? 'home.pads_all' : 'home.pads_first')}</a>
      </p>
    </section>
  );
}

function SiteBlock({ slug }: { slug: string }) {
  const sites = useLoad(slug, () => getAll<Site>(`/api/v1/associations/${slug}/sites`));
  const site = sites.data?.find((one) => one.live !== null) ?? sites.data?.[0];
  const facts = !site ? [] : [
    site.pages !== undefined ? tn('site.pages', site.pages) : tn('site.files', site.files),
    site.home ? t('site.home_weight', { size: size(site.home.bytes) }) : size(site.bytes),
    site.home?.grade ? t('site.grade', { grade: site.home.grade }) : '',
  ].filter(Boolean);
  return (
    <section class="block" aria-labelledby="home-site">
      <h2 id="home-site">{t('home.site')}</h2>
      {sites.problem ? <Phrase light="stopped">{sites.problem.detail}</Phrase>
        : !sites.data ? <Loading />
          : !site || site.live === null ? <Phrase light="asleep">{t('home.site_none')}</Phrase>
            : <Phrase light="lit"><strong>{site.host}</strong> <span class="soft">{facts.join(', ')}</span></Phrase>}
      <p class="verbs">
        {site && site.live !== null && <a class="button outlined" href={site.url} target="_blank" rel="noopener">{t('home.site_see')}<span class="hidden"> {t('new_tab')}</span></a>}
        <a class="button outlined" href="/site">{t('home.site_publish')}</a>
      </p>
    </section>
  );
}

export function Home() {
  const { session, house, association, manages } = useMember();
  const services = house?.services ?? { mail: true, sites: true, pads: true };
  return (
    <>
      <h1 tabIndex={-1}>{t('home.hello', { name: firstName(session.name) })}</h1>
      {services.mail && <MailBlock />}
      {services.pads && association && <PadsBlock association={association} />}
      {services.sites && association && <SiteBlock slug={association.slug} />}
      {association && manages && <UsageBlock slug={association.slug} />}
      {association && manages && <TakeBlock slug={association.slug} mail={services.mail} />}
      {!association && <p>{t('home.no_association')}</p>}
      {house && house.memory_kb > 0 && (
        <aside class="sobriety" aria-label={t('home.sobriety')}>
          <Skyline asleep={house.asleep} />
          <p class="soft">{t(house.memory_about ? 'home.memory_about' : 'home.memory', { size: size(house.memory_kb * 1024) })} {tn('home.asleep', house.asleep)}</p>
        </aside>
      )}
    </>
  );
}
