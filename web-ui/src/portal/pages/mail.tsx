// Courrier: one's addresses, how to set up a mail program, passwords for programs; for managers the association's addresses.
import { get, type MyMail, type ServerSettings } from '../../common/api';
import { useLoad } from '../../common/hooks';
import { has, size, t, tn } from '../../common/i18n';
import { CopyValue, Loading, Phrase, ProblemNotice } from '../../common/parts';
import { addressForPrograms, aLabels } from '../letters';
import { useMember } from '../state';
import { Addresses } from './addresses';
import { Copies } from './copies';
import { Programs } from './programs';

function Server({ title, settings }: { title: string; settings: ServerSettings }) {
  const security = `security.${settings.security.toLowerCase()}`;
  return (
    <>
      <h3>{title}</h3>
      <CopyValue name={t('mail.server')} value={aLabels(settings.host)} />
      <CopyValue name={t('mail.port')} value={String(settings.port)} />
      <CopyValue name={t('mail.security')} value={has(security) ? t(security) : settings.security} />
    </>
  );
}

function Programming({ address, settings }: { address: string; settings: MyMail['settings'] }) {
  const plain = addressForPrograms(address);
  return (
    <section aria-labelledby="setup-program">
      <h2 id="setup-program">{t('mail.setup')}</h2>
      <ol class="steps">
        <li>{t('mail.step_open')}</li>
        <li>{t('mail.step_address', { address: plain })}{plain !== address && ` ${t('mail.step_letters', { address })}`}</li>
        <li>{t('mail.step_password')}</li>
      </ol>
      <details>
        <summary>{t('mail.by_hand_title')}</summary>
        <p>{t('mail.by_hand')}</p>
        <h3>{t('mail.both')}</h3>
        <CopyValue name={t('mail.name')} value={plain} />
        <Server title={t('mail.receive')} settings={settings.imap} />
        <Server title={t('mail.send')} settings={settings.submission} />
      </details>
    </section>
  );
}

export function Mail() {
  const { association, manages, session } = useMember();
  const mail = useLoad('mail', () => get<MyMail>('/api/v1/me/mail'));
  const boxes = mail.data?.mailboxes ?? [];
  const unread = boxes.reduce((sum, box) => sum + (box.unread ?? 0), 0);
  const first = boxes[0];
  return (
    <>
      <h1 tabIndex={-1}>{t('nav.mail')}</h1>
      <p class="soft">{t('mail.intro')}</p>
      {mail.problem ? <ProblemNotice problem={mail.problem} /> : !mail.data ? <Loading />
        : !first ? <Phrase light="asleep">{t('home.mail_none')}</Phrase> : (
          <>
            <Phrase light={unread > 0 ? 'lit' : 'asleep'}>
              {boxes.some((box) => box.unread !== null) ? tn('home.unread', unread) : t('home.unread_unknown')}</Phrase>
            <h2 class="hidden">{t('mail.your_addresses')}</h2>
            <ul class="rows">
              {boxes.map((box) => (
                <li key={box.address}><div><p class="row-title mono">{box.address}</p>
                  <p class="soft">{[box.unread === null ? '' : tn('mail.unread', box.unread),
                    box.used_bytes === null || !box.quota_bytes ? '' : t('mail.room', { used: size(box.used_bytes), all: size(box.quota_bytes) })].filter(Boolean).join(' · ')}</p></div></li>
              ))}
            </ul>
            {mail.data.spam_filter && <p class="soft">{t('mail.spam_help')}</p>}
            <Copies boxes={boxes} onAnswered={mail.reload} />
            {mail.data.settings && <Programming address={first.address} settings={mail.data.settings} />}
          </>
        )}
      {first && (session.shared_computer ? <p>{t('mail.not_here')}</p> : <Programs />)}
      {manages && association && <Addresses key={association.slug} slug={association.slug} onMoved={mail.reload} />}
    </>
  );
}
