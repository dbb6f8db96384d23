// Courrier: one's addresses, how to set up a mail program, passwords for programs; for managers the association's addresses.
import { useState } from 'preact/hooks';
import { type AppPassword, call, get, getAll, type MyMail, Problem, type ServerSettings } from '../../common/api';
import { useAction, useLoad, useMore } from '../../common/hooks';
import { day, has, size, t, tn } from '../../common/i18n';
import { Button, CopyValue, ErrorSummary, Field, Loading, More, Notice, Phrase, ProblemNotice, errorOf } from '../../common/parts';
import { useMember } from '../state';
import { Addresses } from './addresses';
import { Copies } from './copies';

function Programs() {
  const programs = useLoad('programs', () => getAll<AppPassword>('/api/v1/me/app-passwords'));
  const [name, setName] = useState('');
  const [made, setMade] = useState<{ id: string; name: string; password: string } | null>(null);
  const { say } = useMember();
  const action = useAction();
  const removing = useAction();
  const rows = useMore(programs.data ?? [], 50);
  const create = () => action.run(async () => {
    if (!name.trim()) throw new Problem(422, 'fields', t('form.mend'), [{ field: 'program', message: t('mail.program_missing') }]);
    const answer = await call<{ id: string; password: string }>('POST', '/api/v1/me/app-passwords', { name: name.trim() });
    setMade({ id: answer.id, name: name.trim(), password: answer.password });
    setName('');
    programs.reload();
  });
  const remove = (one: AppPassword) => removing.run(async () => {
    await call('DELETE', `/api/v1/me/app-passwords/${one.id}`);
    programs.set((programs.data ?? []).filter((other) => other.id !== one.id));
    // The password on the screen ends with what it was for.
    if (made?.id === one.id) setMade(null);
    say(t('mail.program_removed', { name: one.name }));
    document.getElementById('programs')?.focus();
  });
  return (
    <section aria-labelledby="programs">
      <h2 id="programs" tabIndex={-1}>{t('mail.programs')}</h2>
      <p>{t('mail.programs_text')}</p>
      {made && (
        <Notice tone="good">
          <p>{t('mail.program_made', { name: made.name })}</p>
          <CopyValue name={t('mail.program_password')} value={made.password} />
          <p>{t('mail.once')}</p>
        </Notice>
      )}
      <form class="form" noValidate onSubmit={(event) => { event.preventDefault(); void create(); }}>
        <ErrorSummary problem={action.problem} labels={{ program: t('mail.program_name'), name: t('mail.program_name') }} />
        <Field name="program" label={t('mail.program_name')} example={t('mail.program_example')} value={name} onValue={setName}
          error={errorOf(action.problem, 'program') ?? errorOf(action.problem, 'name')} spellcheck />
        <Button type="submit" busy={action.busy} kind="main">{t('mail.program_make')}</Button>
      </form>
      {removing.problem && <ProblemNotice problem={removing.problem} />}
      {programs.problem ? <ProblemNotice problem={programs.problem} /> : programs.data && programs.data.length > 0 && (
        <>
          <ul class="rows">
            {rows.shown.map((one) => (
              <li key={one.id}>
                <div><p class="row-title">{one.name}</p>{one.created && <p class="soft">{t('mail.program_since', { date: day(one.created) })}</p>}</div>
                <Button kind="danger" label={t('mail.program_remove_what', { name: one.name })} onClick={() => void remove(one)}>{t('mail.program_remove')}</Button>
              </li>
            ))}
          </ul>
          <More left={rows.left} onMore={rows.more} />
          <p class="soft">{t('mail.program_remove_hint')}</p>
        </>
      )}
    </section>
  );
}

function Server({ title, settings }: { title: string; settings: ServerSettings }) {
  const security = `security.${settings.security.toLowerCase()}`;
  return (
    <>
      <h3>{title}</h3>
      <CopyValue name={t('mail.server')} value={settings.host} />
      <CopyValue name={t('mail.port')} value={String(settings.port)} />
      <CopyValue name={t('mail.security')} value={has(security) ? t(security) : settings.security} />
    </>
  );
}

function Programming({ address, settings }: { address: string; settings: MyMail['settings'] }) {
  return (
    <section aria-labelledby="setup-program">
      <h2 id="setup-program">{t('mail.setup')}</h2>
      <ol class="steps">
        <li>{t('mail.step_open')}</li>
        <li>{t('mail.step_address', { address })}</li>
        <li>{t('mail.step_password')}</li>
      </ol>
      <details>
        <summary>{t('mail.by_hand_title')}</summary>
        <p>{t('mail.by_hand')}</p>
        <h3>{t('mail.both')}</h3>
        <CopyValue name={t('mail.name')} value={address} />
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
            <Copies boxes={boxes} onAnswered={mail.reload} />
            {mail.data.settings && <Programming address={first.address} settings={mail.data.settings} />}
          </>
        )}
      {first && (session.shared_computer ? <p>{t('mail.not_here')}</p> : <Programs />)}
      {manages && association && <Addresses key={association.slug} slug={association.slug} onMoved={mail.reload} />}
    </>
  );
}
