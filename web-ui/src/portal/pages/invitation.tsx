// An invitation, by its link or by the code of the printed sheet: who it is for, then a password.
import { useEffect, useState } from 'preact/hooks';
import { call, get, Problem, type Session } from '../../common/api';
import { asProblem, useAction } from '../../common/hooks';
import { day, t } from '../../common/i18n';
import { Button, Check, ErrorSummary, Field, Loading, PasswordField, errorOf } from '../../common/parts';
import { useApp } from '../state';
import { passwordMissing } from './account';

interface Invited { name: string; login: string; association: string; expires: string }

export function InvitationPage() {
  const { signedIn } = useApp();
  const [secret, setSecret] = useState(() => location.hash.slice(1));
  const [code, setCode] = useState('');
  const [invited, setInvited] = useState<Invited | null>(null);
  const [password, setPassword] = useState('');
  const [shared, setShared] = useState(false);
  const asking = useAction();
  const { busy, problem, run } = useAction();

  const look = (which: string) => asking.run(async () => {
    if (!which) throw new Problem(422, 'fields', t('form.mend'), [{ field: 'code', message: t('invitation.code_missing') }]);
    setInvited(await get<Invited>(`/api/v1/invitations/${encodeURIComponent(which)}`).catch((e: unknown) => { throw asProblem(e); }));
    setSecret(which);
  });
  useEffect(() => {
    if (!secret) return;
    // The link's secret leaves the address, so that the history does not keep it.
    history.replaceState(null, '', '/invitation');
    void look(secret).then((found) => found || setSecret(''));
  }, []);

  if (invited) {
    return (
      <>
        <h1 tabIndex={-1}>{t('invitation.welcome', { name: invited.name })}</h1>
        <p>{t('invitation.text', { association: invited.association, login: invited.login })}</p>
        <form class="form" noValidate onSubmit={(event) => {
          event.preventDefault();
          void run(async () => {
            const wrong = passwordMissing('password', password);
            if (wrong) throw wrong;
            signedIn(await call<Session>('POST', `/api/v1/invitations/${encodeURIComponent(secret)}`, { password, shared_computer: shared }));
          });
        }}>
          <ErrorSummary problem={problem} labels={{ password: t('password.choose') }} />
          <input class="hidden" type="text" name="username" autocomplete="username" value={invited.login} readOnly tabIndex={-1} aria-hidden="true" />
          <PasswordField name="password" label={t('password.choose')} example={t('password.hint')} value={password} onValue={setPassword}
            autocomplete={shared ? 'off' : 'new-password'} error={errorOf(problem, 'password')} required />
          <Check label={t('sign_in.shared')} hint={t('sign_in.shared_hint')} checked={shared} onValue={setShared} />
          <Button type="submit" kind="main" busy={busy}>{t('invitation.enter')}</Button>
        </form>
        <p class="soft">{t('invitation.expires', { date: day(invited.expires) })}</p>
      </>
    );
  }
  return (
    <>
      <h1 tabIndex={-1}>{t('title.invitation')}</h1>
      {secret && !asking.problem ? <Loading /> : (
        <form class="form" noValidate onSubmit={(event) => { event.preventDefault(); void look(code.trim()); }}>
          <p>{t('invitation.type')}</p>
          <ErrorSummary problem={asking.problem} labels={{ code: t('invitation.code') }} />
          <Field name="code" label={t('invitation.code')} example={t('invitation.code_example')} value={code} onValue={(v) => setCode(v.toUpperCase())} mono required
            error={errorOf(asking.problem, 'code')} />
          <Button type="submit" kind="main" busy={asking.busy}>{t('continue')}</Button>
        </form>
      )}
    </>
  );
}
