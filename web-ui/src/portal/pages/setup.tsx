// The first visit of a new house: its name, who keeps it, the first association. The secret comes in the fragment.
import { useEffect, useLayoutEffect, useState } from 'preact/hooks';
import { call, get, Problem, type Session } from '../../common/api';
import { useAction, useLoad } from '../../common/hooks';
import { chooseLanguage, language, languageName, languages, t } from '../../common/i18n';
import { Button, Choice, ErrorSummary, Field, Loading, PasswordField, ProblemNotice, errorOf } from '../../common/parts';
import { loginOf, slugOf } from '../names';
import { useApp } from '../state';
import { passwordMissing } from './account';

const steps = ['house', 'person', 'association'] as const;
const tokenKey = 'hameau.setup';

/** login: null while the proposal stands. */
type Answers = Record<'house' | 'token' | 'name' | 'password' | 'association' | 'domain', string> & { login: string | null };
interface StepProps { answers: Answers; problem: Problem | null; set: (field: keyof Answers) => (value: string) => void }

/** The house itself. The secret is asked for where the link did not bring it, or brought a wrong one. */
function HouseStep({ answers, problem, set }: StepProps) {
  return (
    <>
      <Choice label={t('setup.language')} name="language" value={language} onValue={(value) => value !== language && chooseLanguage(value, true)}
        choices={languages.map((value) => ({ value, label: languageName(value) }))} />
      <Field name="house" label={t('setup.house')} example={t('setup.house_example')} value={answers.house} onValue={set('house')} error={errorOf(problem, 'house')} spellcheck required />
      {!answers.token && <p>{t('setup.token_text')}</p>}
      {(!sessionStorage.getItem(tokenKey) || problem?.code === 'setup_token') && <Field name="token" label={t('setup.token')} value={answers.token} onValue={set('token')} error={errorOf(problem, 'token')} mono required />}
    </>
  );
}

/** Who keeps the house. */
function PersonStep({ answers, problem, set }: StepProps) {
  return (
    <>
      <p>{t('setup.person_text')}</p>
      <Field name="name" label={t('members.name')} example={t('members.name_example')} value={answers.name} onValue={set('name')} autocomplete="name" error={errorOf(problem, 'name')} required />
      <Field name="login" label={t('sign_in.login')} example={t('members.login_example')} value={answers.login ?? loginOf(answers.name)} onValue={set('login')} autocomplete="username" error={errorOf(problem, 'login')} required />
      <PasswordField name="password" label={t('password.choose')} example={t('password.hint')} value={answers.password} onValue={set('password')} autocomplete="new-password" error={errorOf(problem, 'password')} required />
    </>
  );
}

function AssociationStep({ answers, problem, set }: StepProps) {
  return (
    <>
      <p>{t('setup.association_text')}</p>
      <Field name="association" label={t('setup.association')} example={t('setup.association_example')} value={answers.association} onValue={set('association')} error={errorOf(problem, 'association') ?? errorOf(problem, 'association.name')} spellcheck required />
      <Field name="association.domains" label={t('setup.domain')} example={t('setup.domain_example')} value={answers.domain} onValue={set('domain')} error={errorOf(problem, 'association.domains')} />
    </>
  );
}

const missing = (field: string, key: string) => new Problem(422, 'fields', t('form.mend'), [{ field, message: t(key) }]);

/** What must be there before the next step; throws the Problem that says so. */
function judge(step: number, { house, token, name, password, association }: Answers): void {
  if (step === 0 && !house.trim()) throw missing('house', 'setup.house_missing');
  if (step === 0 && !token.trim()) throw missing('token', 'setup.token_missing');
  if (step === 1 && !name.trim()) throw missing('name', 'members.name_missing');
  const wrong = step === 1 ? passwordMissing('password', password) : null;
  if (wrong) throw wrong;
  if (step === 2 && !association.trim()) throw missing('association', 'setup.association_missing');
}

/** Makes the house; answers who is signed in then. */
async function make({ house, token, name, login, password, association, domain }: Answers): Promise<Session> {
  const session = await call<Session | undefined>('POST', '/api/v1/setup', {
    token: token.trim(), house: house.trim(), language, login: login ?? loginOf(name), name: name.trim(), password,
    association: { slug: slugOf(association) || 'association', name: association.trim(), domains: domain.trim() ? [domain.trim().toLowerCase()] : [] },
  });
  sessionStorage.removeItem(tokenKey);
  return session ?? get<Session>('/api/v1/session');
}

export function Setup() {
  const { signedIn } = useApp();
  const needed = useLoad('setup', () => get<{ needed: boolean }>('/api/v1/setup'));
  const [step, setStep] = useState(0);
  const [answers, setAnswers] = useState<Answers>(() => ({
    house: '', token: location.hash.slice(1) || sessionStorage.getItem(tokenKey) || '', name: '', login: null, password: '', association: '', domain: '',
  }));
  const { busy, problem, run } = useAction();
  const set: StepProps['set'] = (field) => (value) => setAnswers((now) => ({ ...now, [field]: value }));

  useEffect(() => {
    if (location.hash) {
      // Kept for this tab only, so that changing the language does not lose it.
      sessionStorage.setItem(tokenKey, location.hash.slice(1));
      history.replaceState(null, '', '/setup');
    }
  }, []);
  useLayoutEffect(() => { if (step > 0) document.querySelector<HTMLElement>('h1')?.focus(); }, [step]);

  const next = () => run(async () => {
    judge(step, answers);
    if (step < 2) setStep(step + 1);
    else signedIn(await make(answers));
  });

  if (needed.problem) return <><h1 tabIndex={-1}>{t('title.setup')}</h1><ProblemNotice problem={needed.problem} /></>;
  if (!needed.data) return <><h1 tabIndex={-1}>{t('title.setup')}</h1><Loading /></>;
  if (!needed.data.needed) {
    return <><h1 tabIndex={-1}>{t('title.setup')}</h1><p>{t('setup.done')}</p><p><a class="button main" href="/sign-in">{t('setup.sign_in')}</a></p></>;
  }
  const Step = [HouseStep, PersonStep, AssociationStep][step]!;
  return (
    <>
      <h1 tabIndex={-1}>{t(`setup.step.${steps[step]}`)}</h1>
      <p class="soft">{t('setup.where', { n: step + 1, all: steps.length })}</p>
      <form class="form" noValidate onSubmit={(event) => { event.preventDefault(); void next(); }}>
        <ErrorSummary problem={problem} labels={{
          house: t('setup.house'), token: t('setup.token'), name: t('members.name'), login: t('sign_in.login'), password: t('password.choose'),
          association: t('setup.association'), 'association.name': t('setup.association'), 'association.domains': t('setup.domain'),
        }} />
        <Step answers={answers} problem={problem} set={set} />
        <p class="verbs"><Button type="submit" kind="main" busy={busy}>{t(step === 2 ? 'setup.finish' : 'continue')}</Button>
          {step > 0 && <Button onClick={() => setStep(step - 1)}>{t('back')}</Button>}</p>
      </form>
    </>
  );
}
