// Asks for the password in place, with the page and what was typed in it still there: when the session has ended, and
// when the house wants to be sure (common/api.ts calls, main.tsx shows). Never used on a shared computer for a session
// that has ended: there the page goes.
import { useState } from 'preact/hooks';
import { Problem } from '../common/api';
import { useAction, useModal } from '../common/hooks';
import { t } from '../common/i18n';
import { Button, ErrorSummary, PasswordField, errorOf } from '../common/parts';

/** `attempt` throws a Problem when the password was not right; `close` is called once, with whether it was. */
export interface Question { kind: 'session' | 'sure'; attempt: (password: string) => Promise<void>; close: (right: boolean) => void }

export function AskPassword({ question, login }: { question: Question; login: string }) {
  const dialog = useModal();
  const [password, setPassword] = useState('');
  const { busy, problem, run } = useAction();
  const answer = () => run(async () => {
    if (!password) throw new Problem(422, 'fields', t('form.mend'), [{ field: 'asked-password', message: t('sign_in.password_missing') }]);
    await question.attempt(password);
    question.close(true);
  });
  return (
    <dialog ref={dialog} class={question.kind === 'session' ? 'cover' : ''} aria-labelledby="asking-title" onClose={() => question.close(false)}>
      <h2 id="asking-title">{t(`asking.${question.kind}`)}</h2>
      <p>{t(`asking.${question.kind}_text`)}</p>
      <form class="form" noValidate onSubmit={(event) => { event.preventDefault(); void answer(); }}>
        <ErrorSummary problem={problem} labels={{ 'asked-password': t('sign_in.password') }} />
        <input class="hidden" type="text" name="username" autocomplete="username" value={login} readOnly tabIndex={-1} aria-hidden="true" />
        <PasswordField name="asked-password" label={t('sign_in.password')} value={password} onValue={setPassword} autocomplete="current-password"
          error={errorOf(problem, 'asked-password')} required autofocus />
        <p class="verbs"><Button type="submit" kind="main" busy={busy}>{t('continue')}</Button>
          <Button onClick={() => question.close(false)}>{t('cancel')}</Button></p>
      </form>
    </dialog>
  );
}
