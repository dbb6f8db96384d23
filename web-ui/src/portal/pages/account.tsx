// One's own account: password, sign out everywhere, recovery codes.
import { useState } from 'preact/hooks';
import { call, get, Problem } from '../../common/api';
import { useAction, useLoad } from '../../common/hooks';
import { t, tn } from '../../common/i18n';
import { Button, ErrorSummary, Notice, PasswordField, ProblemNotice, errorOf } from '../../common/parts';
import { Sheet } from '../sheet';
import { useMember } from '../state';

export const password_min = 10;
export const passwordMissing = (field: string, password: string): Problem | null =>
  password.length < password_min ? new Problem(422, 'fields', t('form.mend'), [{ field, message: t('password.short') }]) : null;

function Password() {
  const { session } = useMember();
  const [current, setCurrent] = useState('');
  const [fresh, setFresh] = useState('');
  const [done, setDone] = useState(false);
  const { busy, problem, run } = useAction();
  const change = async () => {
    setDone(false);
    const worked = await run(async () => {
      const wrong = passwordMissing('new', fresh);
      if (wrong) throw wrong;
      await call('POST', '/api/v1/me/password', { current, new: fresh });
    });
    if (worked) { setDone(true); setCurrent(''); setFresh(''); }
  };
  return (
    <section aria-labelledby="password">
      <h2 id="password">{t('account.password')}</h2>
      {done && <Notice tone="good"><p>{t('account.password_done')}</p></Notice>}
      <form class="form" noValidate onSubmit={(event) => { event.preventDefault(); void change(); }}>
        <input class="hidden" type="text" name="username" autocomplete="username" value={session.login} readOnly tabIndex={-1} aria-hidden="true" />
        <ErrorSummary problem={problem} labels={{ current: t('account.current'), new: t('password.new') }} />
        <PasswordField name="current" label={t('account.current')} value={current} onValue={setCurrent} autocomplete="current-password" error={errorOf(problem, 'current')} />
        <PasswordField name="new" label={t('password.new')} example={t('password.hint')} value={fresh} onValue={setFresh} autocomplete="new-password" error={errorOf(problem, 'new')} />
        <Button type="submit" kind="main" busy={busy}>{t('account.password_verb')}</Button>
      </form>
    </section>
  );
}

function Recovery() {
  const { session, house } = useMember();
  const left = useLoad('codes', () => get<{ codes: string[]; left?: number }>('/api/v1/me/recovery-codes'));
  const [codes, setCodes] = useState<string[]>([]);
  const { busy, problem, run } = useAction();
  return (
    <section aria-labelledby="codes">
      <h2 id="codes">{t('account.codes')}</h2>
      <p>{t('account.codes_text')}</p>
      {left.data?.left !== undefined && codes.length === 0 && <p class="soft">{tn('account.codes_left', left.data.left)}</p>}
      {problem && <ProblemNotice problem={problem} />}
      {codes.length > 0 && (
        <Notice tone="good">
          <p>{t('account.codes_new')}</p>
          <ul class="codes">{codes.map((code) => <li key={code} class="mono">{code}</li>)}</ul>
          <Sheet><h1>{t('account.codes')}</h1><p>{t('account.codes_house', { name: session.name, house: house?.name ?? 'Hameau' })}</p>
            <ul class="codes">{codes.map((code) => <li key={code} class="mono">{code}</li>)}</ul><p>{t('account.codes_new')}</p></Sheet>
          <p class="verbs"><Button onClick={() => window.print()}>{t('print')}</Button></p>
        </Notice>
      )}
      <Button busy={busy} onClick={() => void run(async () => {
        const answer = await call<{ codes: string[] }>('POST', '/api/v1/me/recovery-codes', {});
        setCodes(answer.codes);
      })}>{t('account.codes_verb')}</Button>
    </section>
  );
}

export function Account() {
  const { session } = useMember();
  const { busy, problem, run } = useAction();
  return (
    <>
      <h1 tabIndex={-1}>{t('title.account')}</h1>
      <p class="soft">{t('account.who', { name: session.name, login: session.login })}</p>
      <Password />
      <Recovery />
      <section aria-labelledby="everywhere">
        <h2 id="everywhere">{t('account.everywhere')}</h2>
        <p>{t('account.everywhere_text')}</p>
        {problem && <ProblemNotice problem={problem} />}
        <Button kind="danger" busy={busy} onClick={() => void run(async () => {
          await call('POST', '/api/v1/me/sign-out-everywhere');
          location.replace('/sign-in#left');
        })}>{t('account.everywhere_verb')}</Button>
      </section>
    </>
  );
}
