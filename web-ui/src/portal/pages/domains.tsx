// The domains of the association, for managers: which DNS records each needs for mail, in the form that registrars ask for, and what the last
// look found. A look asks servers elsewhere: it happens when somebody presses the button. Sentences are the house's own (records_texts.cpp).
import { useState } from 'preact/hooks';
import { call, get, getAll } from '../../common/api';
import { useAction, useLoad } from '../../common/hooks';
import { moment, t, tn } from '../../common/i18n';
import { Button, CopyValue, type Light, Loading, Phrase, ProblemNotice, Window } from '../../common/parts';
import { inLetters } from '../letters';
import { useMember } from '../state';

type State = 'right' | 'wrong' | 'unseen' | 'unknown' | 'unchecked';
type Stage = 'checking' | 'live' | 'partly' | 'elsewhere' | 'leaving';
interface DnsRecord {
  id: string; title: string; purpose: string; state: State; text: string; need: 'required' | 'advised' | 'optional'; where: 'registrar' | 'provider';
  type: string; name: string; fields: { name: string; value: string }[]; value: string; value_cut: string;
}
interface MailDomain {
  domain: string; zone: string; stage: Stage; text: string; at: string | null; counts: Record<State | 'to_do', number>; can_look: boolean;
  records: DnsRecord[]; asked: { address: string; answered: boolean }[]; authority: string;
}

const lights: Record<State, Light> = { right: 'lit', wrong: 'stopped', unseen: 'asleep', unknown: 'asleep', unchecked: 'asleep' };
const stageLights: Record<Stage, Light> = { live: 'lit', partly: 'stopped', leaving: 'stopped', elsewhere: 'asleep', checking: 'asleep' };

function Form({ record, zone }: { record: DnsRecord; zone: string }) {
  const pieces = record.value_cut.includes('" "');
  return (
    <>
      <p class="soft">{t(record.where === 'provider' ? 'domains.at_provider' : 'domains.at_registrar', { zone: inLetters(zone) })}</p>
      <CopyValue name={t('domains.type')} value={record.type} />
      <CopyValue name={t('domains.name')} value={record.name} />
      {record.fields.map((field) => <CopyValue key={field.name} name={t(`domains.field.${field.name}`)} value={field.value} />)}
      <CopyValue name={t('domains.value')} value={record.value} />
      {pieces && <><p class="soft">{t('domains.pieces_hint')}</p><CopyValue name={t('domains.pieces')} value={record.value_cut} /></>}
    </>
  );
}

function Row({ record, zone }: { record: DnsRecord; zone: string }) {
  return (
    <li><div>
      <p class="row-title"><Window light={lights[record.state]} /> {record.title} <span class={record.state === 'wrong' ? 'failed-check' : 'soft'}>{t(`domains.state.${record.state}`)}</span></p>
      <p>{record.text}</p>
      <p class="soft">{record.purpose}{record.need !== 'required' && ` ${t(`domains.need.${record.need}`)}`}</p>
      {record.value && (
        <details>
          <summary>{t('domains.to_write')}<span class="hidden"> : {record.title}</span></summary>
          <Form record={record} zone={zone} />
        </details>
      )}
    </div></li>
  );
}

const pathOf = (slug: string, domain: string) => `/api/v1/associations/${slug}/mail-domains/${encodeURIComponent(domain)}`;

function Domain({ slug, name }: { slug: string; name: string }) {
  const first = useLoad(`${slug} ${name}`, () => get<MailDomain>(pathOf(slug, name)));
  const [said, setSaid] = useState('');
  const looking = useAction();
  const domain = first.data;
  const id = `domain-${name}`;
  const look = () => void looking.run(async () => {
    setSaid('');
    const found = await call<MailDomain>('POST', `${pathOf(slug, name)}/look`);
    first.set(found);
    setSaid(found.counts.to_do > 0 ? tn('domains.to_do', found.counts.to_do) : t(found.counts.unknown > 0 ? 'domains.not_all_known' : 'domains.nothing_to_do'));
  });
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{inLetters(name)}</h2>
      {first.problem ? <ProblemNotice problem={first.problem} /> : !domain ? <Loading /> : (
        <>
          <Phrase light={stageLights[domain.stage]}>{domain.text}</Phrase>
          <p class="soft">{domain.at === null ? t('domains.never') : t('domains.at', {
            when: moment(domain.at), servers: [...domain.asked.filter((one) => one.answered).map((one) => one.address), domain.authority].filter(Boolean).join(', ') || t('domains.nobody'),
          })}</p>
          {domain.can_look
            ? <p class="verbs"><Button kind="main" busy={looking.busy} label={t('domains.look_what', { domain: inLetters(name) })} onClick={look}>{t('domains.look')}</Button>
              <span role="status" class="soft">{looking.busy ? t('domains.looking') : said}</span></p>
            : <p class="soft">{t('domains.trial')}</p>}
          {looking.problem && <ProblemNotice problem={looking.problem} />}
          <ul class="rows">{domain.records.map((record) => <Row key={record.id} record={record} zone={domain.zone} />)}</ul>
        </>
      )}
    </section>
  );
}

function Domains({ slug }: { slug: string }) {
  const domains = useLoad(slug, () => getAll<MailDomain>(`/api/v1/associations/${slug}/mail-domains`));
  if (domains.problem) return <ProblemNotice problem={domains.problem} />;
  if (!domains.data) return <Loading />;
  if (domains.data.length === 0) return <p>{t('mail.no_domain')}</p>;
  return <>{domains.data.map((one) => <Domain key={one.domain} slug={slug} name={one.domain} />)}</>;
}

export function DomainsPage() {
  const { association, manages } = useMember();
  return (
    <>
      <h1 tabIndex={-1}>{t('title.domains')}</h1>
      <p>{t('domains.intro')}</p>
      {manages && association ? <Domains key={association.slug} slug={association.slug} /> : <p>{t('domains.managers')}</p>}
      <p><a href="/mail">{t('title.mail')}</a></p>
    </>
  );
}
