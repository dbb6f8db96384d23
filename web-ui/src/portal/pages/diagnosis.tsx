// The diagnosis of the house, for its admins: what the last look found, a look now, and what the house can mend by itself. All
// sentences are the house's own (daemon/contract/diagnosis_texts.cpp); status.tsx leads here.
import { useState } from 'preact/hooks';
import { call, get } from '../../common/api';
import { useAction, useLoad } from '../../common/hooks';
import { moment, t, tn } from '../../common/i18n';
import { Button, type Light, Loading, Notice, Phrase, ProblemNotice, Window } from '../../common/parts';
import { useMember } from '../state';

type State = 'fine' | 'attention' | 'broken' | 'unknown';
interface Found {
  id: string; group: string; title: string; state: State; text: string; advice: string; at: string | null;
  /** free: it loses nothing; asks: it does, and only the command does it: a page may have been taken over. */
  repair: 'free' | 'asks' | null; repair_text: string;
}
interface Repaired { id: string; done: boolean; text: string; later: boolean }
interface Diagnosis { at: string | null; counts: Record<State, number>; checks: Found[]; repair: Repaired | null }

const path = '/api/v1/diagnosis';
const groups = ['machine', 'network', 'mail', 'house', 'backup'];
const lights: Record<State, Light> = { fine: 'lit', unknown: 'asleep', attention: 'stopped', broken: 'stopped' };
/** What hameaud does behind the answer (a service that starts again) takes a moment. */
const later_ms = 2500;
const later_times = 4;

/** What is not fine: the sentence, what to do, and the button where the house can do it. */
function Wrong({ one, busy, onMend }: { one: Found; busy: boolean; onMend: (one: Found) => void }) {
  return (
    <li><div>
      <p class="row-title"><Window light={lights[one.state]} /> {one.title} <span class={one.state === 'broken' ? 'failed-check' : 'soft'}>{t(`diagnosis.state.${one.state}`)}</span></p>
      <p>{one.text}</p>
      {one.advice && <p class="soft">{one.advice}</p>}
      {one.repair === 'asks' && <p class="soft">{one.repair_text} {t('diagnosis.by_command')} <code>hameau diagnose --repair {one.id} --yes</code></p>}
    </div>
    {one.repair === 'free' && <Button busy={busy} label={t('diagnosis.mend_what', { title: one.title })} onClick={() => onMend(one)}>{t('diagnosis.mend')}</Button>}
    </li>
  );
}

function Group({ name, checks }: { name: string; checks: Found[] }) {
  const fine = checks.filter((one) => one.state === 'fine').length;
  return (
    <details>
      <summary>{t(`diagnosis.group.${name}`)} <span class="soft">{t('diagnosis.of', { fine, all: checks.length })}</span></summary>
      <ul class="rows">
        {checks.map((one) => (
          <li key={one.id}><div>
            <p><Window light={lights[one.state]} /> <strong>{one.title}</strong> <span class="soft">{t(`diagnosis.state.${one.state}`)}</span></p>
            <p>{one.text}</p>
            {one.state === 'unknown' && one.advice && <p class="soft">{one.advice}</p>}
          </div></li>
        ))}
      </ul>
    </details>
  );
}

/** A part of the checks, looked at again, takes its place among the others. */
function joined(before: Diagnosis, newer: Diagnosis): Diagnosis {
  const checks = before.checks.map((one) => newer.checks.find((other) => other.id === one.id) ?? one);
  const count = (state: State) => checks.filter((one) => one.state === state).length;
  return { ...before, checks, counts: { fine: count('fine'), attention: count('attention'), broken: count('broken'), unknown: count('unknown') }, repair: newer.repair };
}

function Found({ first }: { first: Diagnosis }) {
  const [found, setFound] = useState(first);
  const [mended, setMended] = useState<Repaired | null>(null);
  const { house } = useMember();
  const looking = useAction();
  const mending = useAction();
  const look = () => void looking.run(async () => { setMended(null); setFound(await call<Diagnosis>('POST', path, {})); });
  const mend = (one: Found) => void mending.run(async () => {
    setMended(null);
    let newer = await call<Diagnosis>('POST', path, { repair: one.id });
    setMended(newer.repair);
    for (let i = 0; newer.checks[0]?.state !== 'fine' && newer.repair?.later !== false && i < later_times; i++) {
      await new Promise((done) => setTimeout(done, later_ms));
      newer = { ...(await call<Diagnosis>('POST', path, { only: [one.id] })), repair: newer.repair };
    }
    setFound((before) => joined(before, newer));
    // The button goes with its row.
    document.querySelector<HTMLElement>('h1')?.focus();
  });
  const wrong = found.checks.filter((one) => one.state === 'broken').concat(found.checks.filter((one) => one.state === 'attention'));
  return (
    <>
      <Phrase light={wrong.length > 0 ? 'stopped' : 'lit'} live>{found.at === null ? t('diagnosis.never') : wrong.length > 0 ? tn('diagnosis.wrong', wrong.length) : t('diagnosis.well')}</Phrase>
      <p class="soft">{found.at !== null && <>{t('diagnosis.at', { when: moment(found.at) })} </>}{tn('diagnosis.unknown', found.counts.unknown)}{!house?.trial && <> {t('diagnosis.nightly')}</>}</p>
      <p class="verbs"><Button kind={found.at === null ? 'main' : 'outlined'} busy={looking.busy} onClick={look}>{t('diagnosis.look')}</Button></p>
      {looking.problem && <ProblemNotice problem={looking.problem} />}
      {mending.problem && <ProblemNotice problem={mending.problem} />}
      {mended && <Notice tone={mended.done ? 'good' : 'attention'}><p>{mended.text}</p></Notice>}
      {wrong.length > 0 && (
        <section aria-labelledby="wrong">
          <h2 id="wrong">{t('diagnosis.to_do')}</h2>
          <ul class="rows">{wrong.map((one) => <Wrong key={one.id} one={one} busy={mending.busy} onMend={mend} />)}</ul>
        </section>
      )}
      {found.checks.length > 0 && (
        <section aria-labelledby="all">
          <h2 id="all">{t('diagnosis.all')}</h2>
          {groups.map((name) => <Group key={name} name={name} checks={found.checks.filter((one) => one.group === name)} />)}
        </section>
      )}
    </>
  );
}

export function DiagnosisPage() {
  const first = useLoad('diagnosis', () => get<Diagnosis>(path));
  return (
    <>
      <h1 tabIndex={-1}>{t('title.diagnosis')}</h1>
      {first.problem ? <ProblemNotice problem={first.problem} /> : first.data ? <Found first={first.data} /> : <Loading />}
      <p><a href="/status">{t('title.status')}</a></p>
    </>
  );
}
