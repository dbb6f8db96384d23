// The first visit of a new house: its name, its address, who keeps it, the first association. The secret comes in the fragment, or is
// typed as a code.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { call, get, Problem, type Session } from '../../common/api';
import { useAction, useLoad } from '../../common/hooks';
import { chooseLanguage, language, languageName, languages, t } from '../../common/i18n';
import { Button, Choice, CopyValue, ErrorSummary, Field, Loading, PasswordField, ProblemNotice, Window, errorOf, type Light } from '../../common/parts';
import { loginOf, slugOf } from '../names';
import { useApp } from '../state';
import { passwordMissing } from './account';

type StepName = 'house' | 'address' | 'person' | 'association';
/** A house that has its address in its settings does not ask for it. */
const stepsOf = (asksAddress: boolean): StepName[] => ['house', ...(asksAddress ? ['address' as const] : []), 'person', 'association'];
/** After the last letter: a look-up takes a moment on the server. */
const checkPause = 900;
const tokenKey = 'hameau.setup';

/** login: null while the proposal stands. */
type Answers = Record<'house' | 'token' | 'host' | 'name' | 'password' | 'association' | 'domain', string> & { login: string | null };
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

interface Found { id: string; state: 'fine' | 'attention' | 'broken' | 'unknown'; text: string; advice: string }
interface Checks { checks: Found[]; proposal: string; addresses: string[] }
const lightOfCheck: Record<Found['state'], Light> = { fine: 'lit', attention: 'asleep', unknown: 'asleep', broken: 'stopped' };
const looksWhole = (host: string) => /^[^\s.]+(\.[^\s.]+)+$/.test(host);

const startPause = 1500;       // ms
const triesWhileStarting = 10;

/** What the house finds out by itself, again when the address changes; `token` is not needed by an admin. */
function useChecks(token: string, host: string): { data: Checks | null; problem: Problem | null; again: () => void } {
  const [settled, setSettled] = useState(host);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(looksWhole(host) ? host : ''), checkPause);
    return () => clearTimeout(timer);
  }, [host]);
  const loaded = useLoad(`checks ${settled}`, () => call<Checks>('POST', '/api/v1/setup/checks', { ...(token ? { token } : {}), ...(settled ? { host: settled } : {}) }));
  return { data: loaded.data, problem: loaded.problem, again: loaded.reload };
}

function CheckList({ found }: { found: Found[] }) {
  return (
    <ul class="rows">
      {found.map((one) => (
        <li key={one.id}><div>
          <p><Window light={lightOfCheck[one.state]} /> <strong>{t(`setup.check.${one.state}`)}</strong>{t('error.colon')}{one.text}</p>
          {one.advice && <p class="soft">{one.advice}</p>}
        </div></li>
      ))}
    </ul>
  );
}

/** The address of the house. It is offered where the machine knows one, and looked up while it is typed. */
function AddressStep({ answers, problem, set }: StepProps) {
  const checks = useChecks(answers.token.trim(), answers.host.trim());
  const proposal = checks.data?.proposal ?? '';
  const offered = useRef(false);
  useEffect(() => {
    if (offered.current || !proposal) return;
    offered.current = true;
    if (!answers.host) set('host')(proposal);
  }, [proposal, answers.host]);
  return (
    <>
      <p>{t('setup.address_text')}</p>
      <Field name="host" label={t('setup.address')} example={t('setup.address_example')} value={answers.host} onValue={set('host')} error={errorOf(problem, 'host')} inputmode="url" mono required />
      <section aria-labelledby="found"><h2 id="found">{t('setup.found')}</h2>
        <div role="status">{checks.data ? <CheckList found={checks.data.checks} /> : checks.problem ? <ProblemNotice problem={checks.problem} /> : <p class="soft">{t('setup.looking')}</p>}</div>
      </section>
    </>
  );
}

/** The end: where the house is from now on, and whether others find it there already. */
function Finished({ host, enter }: { host: string; enter: () => void }) {
  const checks = useChecks('', host);
  const name = checks.data?.checks.filter((one) => one.id === 'name') ?? [];
  const port = location.port ? `:${location.port}` : '';
  const address = `https://${host}${port}/`;
  useLayoutEffect(() => document.querySelector<HTMLElement>('h1')?.focus(), []);
  // The house restarts its services with the name: for some seconds there is no response.
  const [tries, setTries] = useState(0);
  useEffect(() => {
    if (!checks.problem || tries >= triesWhileStarting) return;
    const timer = setTimeout(() => { setTries(tries + 1); checks.again(); }, startPause);
    return () => clearTimeout(timer);
  }, [checks.problem, tries]);
  // Where the name leads here already, the house is entered under it: from far away it answers nowhere else.
  const there = name.some((one) => one.state === 'fine') && location.hostname !== host;
  return (
    <>
      <h1 tabIndex={-1}>{t('setup.finished')}</h1>
      <CopyValue name={t('setup.address')} value={address} />
      <div role="status">{name.length > 0 ? <CheckList found={name} /> : checks.problem && tries >= triesWhileStarting ? <ProblemNotice problem={checks.problem} /> : <p class="soft">{t('setup.looking')}</p>}</div>
      <p>{t('setup.finished_near')}</p>
      <p class="verbs">{there ? <a class="button main" href={address}>{t('setup.enter')}</a> : <Button kind="main" onClick={enter}>{t('setup.enter')}</Button>}<Button onClick={checks.again}>{t('status.again')}</Button></p>
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
function judge(step: StepName, { house, token, host, name, password, association }: Answers): void {
  if (step === 'house' && !house.trim()) throw missing('house', 'setup.house_missing');
  if (step === 'house' && !token.trim()) throw missing('token', 'setup.token_missing');
  if (step === 'address' && !looksWhole(host.trim())) throw missing('host', 'setup.address_missing');
  if (step === 'person' && !name.trim()) throw missing('name', 'members.name_missing');
  const wrong = step === 'person' ? passwordMissing('password', password) : null;
  if (wrong) throw wrong;
  if (step === 'association' && !association.trim()) throw missing('association', 'setup.association_missing');
}

/** Makes the house; answers who is signed in then. */
async function make({ house, token, host, name, login, password, association, domain }: Answers): Promise<Session> {
  const session = await call<Session | undefined>('POST', '/api/v1/setup', {
    token: token.trim(), house: house.trim(), language, ...(host.trim() ? { host: host.trim().toLowerCase() } : {}), login: login ?? loginOf(name), name: name.trim(), password,
    association: { slug: slugOf(association) || 'association', name: association.trim(), domains: domain.trim() ? [domain.trim().toLowerCase()] : [] },
  });
  sessionStorage.removeItem(tokenKey);
  return session ?? get<Session>('/api/v1/session');
}

export function Setup() {
  const { signedIn } = useApp();
  const needed = useLoad('setup', () => get<{ needed: boolean; host_needed?: boolean }>('/api/v1/setup'));
  const [step, setStep] = useState(0);
  const [answers, setAnswers] = useState<Answers>(() => ({
    house: '', host: '', token: location.hash.slice(1) || sessionStorage.getItem(tokenKey) || '', name: '', login: null, password: '', association: '', domain: '',
  }));
  const [session, setSession] = useState<Session | null>(null);
  const { busy, problem, run } = useAction();
  const steps = stepsOf(needed.data?.host_needed === true);
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
    judge(steps[step]!, answers);
    if (step < steps.length - 1) { setStep(step + 1); return; }
    const made = await make(answers);
    if (answers.host.trim()) setSession(made);
    else signedIn(made);
  });

  if (session) return <Finished host={answers.host.trim().toLowerCase()} enter={() => signedIn(session)} />;
  if (needed.problem) return <><h1 tabIndex={-1}>{t('title.setup')}</h1><ProblemNotice problem={needed.problem} /></>;
  if (!needed.data) return <><h1 tabIndex={-1}>{t('title.setup')}</h1><Loading /></>;
  if (!needed.data.needed) {
    return <><h1 tabIndex={-1}>{t('title.setup')}</h1><p>{t('setup.done')}</p><p><a class="button main" href="/sign-in">{t('setup.sign_in')}</a></p></>;
  }
  const Step = { house: HouseStep, address: AddressStep, person: PersonStep, association: AssociationStep }[steps[step]!];
  return (
    <>
      <h1 tabIndex={-1}>{t(`setup.step.${steps[step]}`)}</h1>
      <p class="soft">{t('setup.where', { n: step + 1, all: steps.length })}</p>
      <form class="form" noValidate onSubmit={(event) => { event.preventDefault(); void next(); }}>
        <ErrorSummary problem={problem} labels={{
          house: t('setup.house'), host: t('setup.address'), token: t('setup.token'), name: t('members.name'), login: t('sign_in.login'), password: t('password.choose'),
          association: t('setup.association'), 'association.name': t('setup.association'), 'association.domains': t('setup.domain'),
        }} />
        <Step answers={answers} problem={problem} set={set} />
        <p class="verbs"><Button type="submit" kind="main" busy={busy}>{t(step === steps.length - 1 ? 'setup.finish' : 'continue')}</Button>
          {step > 0 && <Button onClick={() => setStep(step - 1)}>{t('back')}</Button>}</p>
      </form>
    </>
  );
}
