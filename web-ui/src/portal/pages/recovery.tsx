// A forgotten password: one recovery code, or whom to ask.
import { useState } from 'preact/hooks';
import { call, Problem, type Session } from '../../common/api';
import { useAction } from '../../common/hooks';
import { t } from '../../common/i18n';
import { Button, Check, ErrorSummary, Field, PasswordField, errorOf } from '../../common/parts';
import { useApp } from '../state';
import { passwordMissing } from './account';

export function Recovery() {
  const { signedIn } = useApp();
  const [login, setLogin] = useState('');
  const [code, setCode] = useState('');
  const [password, setPassword] = useState('');
  const [shared, setShared] = useState(false);
  const { busy, problem, run } = useAction();
  return (
    <>
      <h1 tabIndex={-1}>{t('title.recovery')}</h1>
      <p>{t('recovery.text')}</p>
      <form class="form" noValidate onSubmit={(event) => {
        event.preventDefault();
        void run(async () => {
          const missing = [
            ...(login.trim() ? [] : [{ field: 'login', message: t('sign_in.login_missing') }]),
            ...(code.trim() ? [] : [{ field: 'code', message: t('recovery.code_missing') }]),
            ...(passwordMissing('password', password)?.fields ?? []),
          ];
          if (missing.length > 0) throw new Problem(422, 'fields', t('form.mend'), missing);
          signedIn(await call<Session>('POST', '/api/v1/recovery', { login, code, password, shared_computer: shared }));
        });
      }}>
        <ErrorSummary problem={problem} labels={{ login: t('sign_in.login'), code: t('recovery.code'), password: t('password.choose') }} />
        <Field name="login" label={t('sign_in.login')} value={login} onValue={setLogin} autocomplete={shared ? 'off' : 'username'} error={errorOf(problem, 'login')} required />
        <Field name="code" label={t('recovery.code')} example={t('invitation.code_example')} value={code} onValue={(v) => setCode(v.toUpperCase())} mono error={errorOf(problem, 'code')} required />
        <PasswordField name="password" label={t('password.choose')} example={t('password.hint')} value={password} onValue={setPassword}
          autocomplete={shared ? 'off' : 'new-password'} error={errorOf(problem, 'password')} required />
        <Check label={t('sign_in.shared')} hint={t('sign_in.shared_hint')} checked={shared} onValue={setShared} />
        <Button type="submit" kind="main" busy={busy}>{t('recovery.verb')}</Button>
      </form>
      <h2>{t('recovery.no_code')}</h2>
      <p>{t('recovery.ask')}</p>
    </>
  );
}
