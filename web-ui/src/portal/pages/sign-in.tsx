// Signing in. In a trial house three cards do it; everywhere else a name and a password.
import { useState } from 'preact/hooks';
import { call, type House, Problem, type Role, type Session } from '../../common/api';
import { useAction } from '../../common/hooks';
import { t } from '../../common/i18n';
import { Button, Check, ErrorSummary, Field, Notice, PasswordField, Window, errorOf } from '../../common/parts';
import { useApp } from '../state';

type Card = NonNullable<House['people']>[number];

/** One card of each role, in the order in which they are met: who runs the association, who writes, who keeps the house. */
function cardsOf(people: Card[]): Card[] {
  const roles: Role[] = ['manager', 'member', 'admin'];
  return roles.map((role) => people.find((one) => one.role === role)).filter((one): one is Card => Boolean(one));
}

export function SignIn() {
  const { house, session, signedIn } = useApp();
  const [login, setLogin] = useState('');
  const [password, setPassword] = useState('');
  const [shared, setShared] = useState(false);
  const { busy, problem, run } = useAction();
  const cards = house?.trial ? cardsOf(house.people ?? []) : [];
  const ended = location.hash;

  const enter = (name: string, secret: string) => run(async () => {
    const missing = [
      ...(name.trim() ? [] : [{ field: 'login', message: t('sign_in.login_missing') }]),
      ...(secret ? [] : [{ field: 'password', message: t('sign_in.password_missing') }]),
    ];
    if (missing.length > 0) throw new Problem(422, 'fields', t('form.mend'), missing);
    signedIn(await call<Session>('POST', '/api/v1/session', { login: name, password: secret, shared_computer: shared }));
  });

  return (
    <>
      <h1 tabIndex={-1}>{t('sign_in.title')}</h1>
      {ended === '#out' && <Notice tone="good"><p>{t('sign_in.out')}</p></Notice>}
      {ended === '#kept' && <Notice tone="attention"><p>{t('sign_in.kept')}</p></Notice>}
      {ended === '#left' && <Notice tone="good"><p>{t('sign_in.left')}</p></Notice>}
      {ended === '#ended' && !problem && <Notice tone="attention"><p>{t('sign_in.ended')}</p></Notice>}
      {session && <p>{t('sign_in.already', { name: session.name })} <a href="/">{t('sign_in.go_home')}</a></p>}
      {cards.length > 0 && (
        <section aria-labelledby="cards-title" class="trial">
          <h2 id="cards-title">{t('trial.title')}</h2>
          <p class="soft">{t('trial.text')}</p>
          <ul class="cards">
            {cards.map((card) => (
              <li key={card.login}>
                <button type="button" class="card" aria-disabled={busy} onClick={() => !busy && void enter(card.login, card.password)}>
                  <Window light="lit" />
                  <strong><span class="hidden">{t('trial.as')} </span>{card.name}</strong>
                  <span class="soft">{t(`trial.role.${card.role}`)}</span>
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
      <form class={`form${cards.length > 0 ? ' apart' : ''}`} noValidate onSubmit={(event) => {
        event.preventDefault();
        void enter(login, password);
      }} autocomplete={shared ? 'off' : 'on'}>
        {cards.length > 0 && <h2>{t('sign_in.with_password')}</h2>}
        <ErrorSummary problem={problem} labels={{ login: t('sign_in.login'), password: t('sign_in.password') }} />
        <Field name="login" label={t('sign_in.login')} example={t('sign_in.login_example')} value={login} onValue={setLogin}
          autocomplete={shared ? 'off' : 'username'} error={errorOf(problem, 'login')} required />
        <PasswordField name="password" label={t('sign_in.password')} value={password} onValue={setPassword}
          autocomplete={shared ? 'off' : 'current-password'} error={errorOf(problem, 'password')} required />
        <Check label={t('sign_in.shared')} hint={t('sign_in.shared_hint')} checked={shared} onValue={setShared} />
        <Button type="submit" kind={cards.length > 0 ? 'outlined' : 'main'} busy={busy}>{t('sign_in.enter')}</Button>
      </form>
      <ul class="quiet-links apart">
        <li><a href="/invitation">{t('sign_in.have_code')}</a></li>
        <li><a href="/recovery">{t('sign_in.forgot')}</a></li>
      </ul>
    </>
  );
}
