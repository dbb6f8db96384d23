// The session ended while somebody wrote: the password is asked for in place, the text stays under it and can be written
// in. Never on a shared computer: there the page goes.
import { useState } from 'preact/hooks';
import { Problem } from '../common/api';
import { useAction } from '../common/hooks';
import { t } from '../common/i18n';
import { Button, Notice, PasswordField, errorOf } from '../common/parts';

/** `other`: who signed in here meanwhile. `signIn` throws a Problem when the password is not right. */
export function SignInAgain({ login, other, signIn }: { login: string; other: string; signIn: (password: string) => Promise<void> }) {
  const [password, setPassword] = useState('');
  const { busy, problem, run } = useAction();
  const answer = () => run(async () => {
    if (!password) throw new Problem(422, 'fields', t('pad.again.missing'), [{ field: 'again-password', message: t('pad.again.missing') }]);
    await signIn(password);
    document.getElementById('text')?.focus();
  });
  return (
    <Notice tone="attention">
      <form class="form again" noValidate onSubmit={(event) => { event.preventDefault(); void answer(); }}>
        <p role="alert"><strong>{t('pad.again.title')}</strong> {other && `${t('pad.again.other', { name: other })} `}{t('pad.again.text')}</p>
        <input class="hidden" type="text" name="username" autocomplete="username" value={login} readOnly tabIndex={-1} aria-hidden="true" />
        <PasswordField name="again-password" label={t('pad.again.password')} value={password} onValue={setPassword} autocomplete="current-password"
          error={errorOf(problem, 'again-password') ?? problem?.detail} required />
        <p class="verbs"><Button type="submit" kind="main" busy={busy}>{t('pad.again.go')}</Button></p>
      </form>
    </Notice>
  );
}
