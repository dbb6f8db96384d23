// Passwords for programs (app passwords): a mail program's on the mail page, a program's that publishes on the site page.
import { useState } from 'preact/hooks';
import { type AppPassword, call, getAll, Problem } from '../../common/api';
import { useAction, useLoad, useMore } from '../../common/hooks';
import { day, t } from '../../common/i18n';
import { Button, CopyValue, ErrorSummary, Field, More, Notice, ProblemNotice, errorOf } from '../../common/parts';
import { aLabels } from '../letters';
import { useMember } from '../state';

interface Made { id: string; name: string; password: string }
/** The new password, shown this once, and how a program that publishes uses it. */
function Fresh({ made, site }: { made: Made; site?: string | undefined }) {
  const { session } = useMember();
  return (
    <Notice tone="good">
      <p>{t('mail.program_made', { name: made.name })}</p>
      <CopyValue name={t('mail.program_password')} value={made.password} />
      <p>{t('mail.once')}</p>
      {site && (
        <>
          <CopyValue name={t('site.program_command')}
            value={`curl -u ${session.login} -X POST -T site.zip ${location.origin}/api/v1/sites/${aLabels(site)}/deploys`} />
          <p class="soft">{t('site.program_asks')}</p>
        </>
      )}
    </Notice>
  );
}

interface ProgramsProps {
  /** The site that the program publishes; without: a program for mail. */
  site?: string;
}
export function Programs({ site }: ProgramsProps) {
  const programs = useLoad('programs', async () => {
    const all = await getAll<AppPassword>('/api/v1/me/app-passwords');
    return all.filter((one) => (one.scopes ?? ['imap']).some((scope) => (scope === 'deploy') === Boolean(site)));
  });
  const [name, setName] = useState('');
  const [made, setMade] = useState<Made | null>(null);
  const { say } = useMember();
  const label = t(site ? 'site.program_name' : 'mail.program_name');
  const action = useAction();
  const removing = useAction();
  const rows = useMore(programs.data ?? [], 50);
  const create = () => action.run(async () => {
    if (!name.trim()) throw new Problem(422, 'fields', t('form.mend'), [{ field: 'program', message: t('mail.program_missing') }]);
    const answer = await call<{ id: string; password: string }>('POST', '/api/v1/me/app-passwords', {
      name: name.trim(), ...(site ? { scopes: ['deploy'] } : {}),
    });
    setMade({ id: answer.id, name: name.trim(), password: answer.password });
    setName('');
    programs.reload();
  });
  const remove = (one: AppPassword) => removing.run(async () => {
    await call('DELETE', `/api/v1/me/app-passwords/${one.id}`);
    programs.set((programs.data ?? []).filter((other) => other.id !== one.id));
    // The password on the screen ends with what it was for.
    if (made?.id === one.id) setMade(null);
    say(t('mail.program_removed', { name: one.name }));
    document.getElementById('programs')?.focus();
  });
  return (
    <section aria-labelledby="programs">
      <h2 id="programs" tabIndex={-1}>{t(site ? 'site.programs' : 'mail.programs')}</h2>
      <p>{t(site ? 'site.programs_text' : 'mail.programs_text')}</p>
      {made && <Fresh made={made} site={site} />}
      <form class="form" noValidate onSubmit={(event) => { event.preventDefault(); void create(); }}>
        <ErrorSummary problem={action.problem} labels={{ program: label, name: label }} />
        <Field name="program" label={label} example={t(site ? 'site.program_example' : 'mail.program_example')} value={name} onValue={setName}
          error={errorOf(action.problem, 'program') ?? errorOf(action.problem, 'name')} spellcheck />
        <Button type="submit" busy={action.busy} kind="main">{t('mail.program_make')}</Button>
      </form>
      {removing.problem && <ProblemNotice problem={removing.problem} />}
      {programs.problem ? <ProblemNotice problem={programs.problem} /> : programs.data && programs.data.length > 0 && (
        <>
          <ul class="rows">
            {rows.shown.map((one) => (
              <li key={one.id}>
                <div><p class="row-title">{one.name}</p>{one.created && <p class="soft">{t('mail.program_since', { date: day(one.created) })}</p>}</div>
                <Button kind="danger" label={t('mail.program_remove_what', { name: one.name })} onClick={() => void remove(one)}>{t('mail.program_remove')}</Button>
              </li>
            ))}
          </ul>
          <More left={rows.left} onMore={rows.more} />
          <p class="soft">{t('mail.program_remove_hint')}</p>
        </>
      )}
    </section>
  );
}
