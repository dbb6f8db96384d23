// Courrier: one's addresses, how to set up a mail program, passwords for programs; for managers the association's addresses.
import { useState } from 'preact/hooks';
import { type Alias, type AppPassword, call, get, getAll, type Mailbox, type Member, type MyMail, Problem } from '../../common/api';
import { useAction, useLoad } from '../../common/hooks';
import { day, size, t, tn } from '../../common/i18n';
import { Button, CopyValue, ErrorSummary, Field, Loading, Notice, Phrase, ProblemNotice, errorOf } from '../../common/parts';
import { useMember } from '../state';

function Programs() {
  const list = useLoad('programs', () => getAll<AppPassword>('/api/v1/me/app-passwords'));
  const [name, setName] = useState('');
  const [made, setMade] = useState<{ name: string; password: string } | null>(null);
  const action = useAction();
  const removing = useAction();
  const create = () => action.run(async () => {
    if (!name.trim()) throw new Problem(422, 'fields', t('form.mend'), [{ field: 'program', message: t('mail.program_missing') }]);
    const answer = await call<{ password: string }>('POST', '/api/v1/me/app-passwords', { name: name.trim() });
    setMade({ name: name.trim(), password: answer.password });
    setName('');
    list.reload();
  });
  const remove = (id: string) => removing.run(async () => {
    await call('DELETE', `/api/v1/me/app-passwords/${id}`);
    list.set((list.data ?? []).filter((one) => one.id !== id));
  });
  return (
    <section aria-labelledby="programs">
      <h2 id="programs">{t('mail.programs')}</h2>
      <p>{t('mail.programs_text')}</p>
      {made && (
        <Notice tone="good">
          <p>{t('mail.program_made', { name: made.name })}</p>
          <CopyValue name={t('mail.program_password')} value={made.password} />
          <p>{t('mail.once')}</p>
        </Notice>
      )}
      <form class="form" noValidate onSubmit={(event) => { event.preventDefault(); void create(); }}>
        <ErrorSummary problem={action.problem} labels={{ program: t('mail.program_name') }} />
        <Field name="program" label={t('mail.program_name')} example={t('mail.program_example')} value={name} onValue={setName}
          error={errorOf(action.problem, 'program') ?? errorOf(action.problem, 'name')} spellcheck />
        <Button type="submit" busy={action.busy} kind="main">{t('mail.program_make')}</Button>
      </form>
      {removing.problem && <ProblemNotice problem={removing.problem} />}
      {list.problem ? <ProblemNotice problem={list.problem} /> : list.data && list.data.length > 0 && (
        <>
          <ul class="rows">
            {list.data.slice(0, 20).map((one) => (
              <li key={one.id}>
                <div><p class="row-title">{one.name}</p>
                  <p class="soft">{one.created ? t('mail.program_since', { date: day(one.created) }) : ''}</p></div>
                <Button kind="danger" label={t('mail.program_remove_what', { name: one.name })} onClick={() => void remove(one.id)}>{t('mail.program_remove')}</Button>
              </li>
            ))}
          </ul>
          <p class="soft">{t('mail.program_remove_hint')}</p>
        </>
      )}
    </section>
  );
}

function Addresses({ slug }: { slug: string }) {
  const boxes = useLoad(slug, () => getAll<Mailbox>(`/api/v1/associations/${slug}/mailboxes`));
  const aliases = useLoad(slug, () => getAll<Alias>(`/api/v1/associations/${slug}/aliases`));
  const members = useLoad(slug, () => getAll<Member>(`/api/v1/associations/${slug}/members`));
  const { offerUndo } = useMember();
  const [adding, setAdding] = useState<'none' | 'box' | 'redirect'>('none');
  const [address, setAddress] = useState('');
  const [to, setTo] = useState('');
  const [login, setLogin] = useState('');
  const action = useAction();
  const close = () => { setAdding('none'); setAddress(''); setTo(''); action.clear(); };
  const add = () => action.run(async () => {
    if (adding === 'box') {
      await call('POST', `/api/v1/associations/${slug}/mailboxes`, { address: address.trim(), login: login || members.data?.[0]?.login });
      boxes.reload();
    } else {
      await call('POST', `/api/v1/associations/${slug}/aliases`, {
        address: address.trim(), to: to.split(/[\s,;]+/).filter(Boolean), may_send: false,
      });
      aliases.reload();
    }
    close();
  });
  const removeAlias = (alias: Alias) => {
    const kept = aliases.data ?? [];
    aliases.set(kept.filter((one) => one.address !== alias.address));
    offerUndo(t('mail.redirect_removed', { address: alias.address }), () => aliases.set(kept), () => {
      void action.run(() => call('DELETE', `/api/v1/associations/${slug}/aliases/${encodeURIComponent(alias.address)}`)).then(aliases.reload);
    });
  };
  return (
    <section aria-labelledby="addresses">
      <h2 id="addresses">{t('mail.addresses')}</h2>
      {boxes.problem ? <ProblemNotice problem={boxes.problem} /> : !boxes.data || !aliases.data ? <Loading /> : (
        <ul class="rows">
          {boxes.data.slice(0, 20).map((box) => (
            <li key={box.address}><div><p class="row-title mono">{box.address}</p>
              <p class="soft">{t('mail.box_of', { login: box.login })}{box.used_bytes !== undefined && <> · {size(box.used_bytes)}</>}</p></div></li>
          ))}
          {aliases.data.slice(0, 20).map((alias) => (
            <li key={alias.address}><div><p class="row-title mono">{alias.address}</p>
              <p class="soft">{t('mail.redirect_to', { to: alias.to.join(', ') })}</p></div>
              <Button kind="danger" label={t('mail.redirect_remove_what', { address: alias.address })} onClick={() => removeAlias(alias)}>{t('remove')}</Button></li>
          ))}
        </ul>
      )}
      {adding === 'none' ? (
        <p class="verbs"><Button onClick={() => setAdding('redirect')}>{t('mail.redirect_add')}</Button>
          <Button onClick={() => setAdding('box')}>{t('mail.box_add')}</Button></p>
      ) : (
        <form class="form panel" noValidate onSubmit={(event) => { event.preventDefault(); void add(); }}>
          <h3>{t(adding === 'box' ? 'mail.box_add' : 'mail.redirect_add')}</h3>
          {adding === 'redirect' && <p class="soft">{t('mail.redirect_hint')}</p>}
          <ErrorSummary problem={action.problem} labels={{ address: t('mail.address'), to: t('mail.to') }} />
          <Field name="address" label={t('mail.address')} example={t('mail.address_example')} type="email" inputmode="email"
            value={address} onValue={setAddress} error={errorOf(action.problem, 'address')} required />
          {adding === 'redirect' ? (
            <Field name="to" label={t('mail.to')} example={t('mail.to_example')} value={to} onValue={setTo} error={errorOf(action.problem, 'to')} required />
          ) : (
            <label class="field pick">{t('mail.whose')}
              <select value={login} onChange={(event) => setLogin(event.currentTarget.value)}>
                {(members.data ?? []).slice(0, 200).map((one) => <option key={one.login} value={one.login}>{one.name}</option>)}
              </select></label>
          )}
          <p class="verbs"><Button type="submit" kind="main" busy={action.busy}>{t('add')}</Button><Button onClick={close}>{t('cancel')}</Button></p>
        </form>
      )}
    </section>
  );
}

export function Mail() {
  const { association, manages, session } = useMember();
  const mail = useLoad('mail', () => get<MyMail>('/api/v1/me/mail'));
  const unread = mail.data?.mailboxes.reduce((sum, box) => sum + box.unread, 0) ?? 0;
  const settings = mail.data?.settings;
  return (
    <>
      <h1 tabIndex={-1}>{t('nav.mail')}</h1>
      {mail.problem ? <ProblemNotice problem={mail.problem} /> : !mail.data ? <Loading /> : (
        <>
          {mail.data.mailboxes.length === 0 ? <Phrase light="asleep">{t('home.mail_none')}</Phrase> : (
            <>
              <Phrase light={unread > 0 ? 'lit' : 'asleep'}>{tn('home.unread', unread)}</Phrase>
              <ul class="rows">
                {mail.data.mailboxes.map((box) => (
                  <li key={box.address}><div><p class="row-title mono">{box.address}</p>
                    <p class="soft">{tn('mail.unread', box.unread)}{box.quota_bytes > 0 && <> · {t('mail.room', { used: size(box.used_bytes), all: size(box.quota_bytes) })}</>}</p></div></li>
                ))}
              </ul>
              <p>{t('mail.read_where')}</p>
            </>
          )}
          {settings && mail.data.mailboxes[0] && (
            <section aria-labelledby="setup-program">
              <h2 id="setup-program">{t('mail.setup')}</h2>
              <ol class="steps">
                <li>{t('mail.step_open')}</li><li>{t('mail.step_address')}</li><li>{t('mail.step_password')}</li>
              </ol>
              <p>{t('mail.by_hand')}</p>
              <h3>{t('mail.receive')}</h3>
              <CopyValue name={t('mail.server')} value={settings.imap.host} />
              <CopyValue name={t('mail.port')} value={String(settings.imap.port)} />
              <CopyValue name={t('mail.security')} value={settings.imap.security} />
              <h3>{t('mail.send')}</h3>
              <CopyValue name={t('mail.server')} value={settings.submission.host} />
              <CopyValue name={t('mail.port')} value={String(settings.submission.port)} />
              <CopyValue name={t('mail.security')} value={settings.submission.security} />
              <h3>{t('mail.both')}</h3>
              <CopyValue name={t('mail.name')} value={mail.data.mailboxes[0].address} />
            </section>
          )}
        </>
      )}
      {!session.shared_computer && <Programs />}
      {session.shared_computer && <p>{t('mail.not_here')}</p>}
      {manages && association && <Addresses key={association.slug} slug={association.slug} />}
    </>
  );
}
