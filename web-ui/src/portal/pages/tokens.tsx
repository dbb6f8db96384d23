// Deploy tokens of one site: each publishes there and nowhere else. Managers see everybody's; one that has ended says why.
import { useState } from 'preact/hooks';
import { call, getAll, Problem } from '../../common/api';
import { useAction, useLoad } from '../../common/hooks';
import { day, t, when } from '../../common/i18n';
import { Button, CopyValue, ErrorSummary, Field, Loading, Notice, ProblemNotice, errorOf } from '../../common/parts';
import { aLabels } from '../letters';
import { useMember } from '../state';

interface Token { id: string; name: string; by: string; mine: boolean; created: string; used: string | null; ended: string | null; reason: string | null }

function Row({ token, nameOf, remove }: { token: Token; nameOf: (login: string) => string; remove: () => void }) {
  return (
    <li>
      <div>
        <p class="row-title">{token.name}{token.ended && <span class="badge">{t('site.token_ended')}</span>}</p>
        <p class="soft">{t('site.token_by', { name: nameOf(token.by), date: day(token.created) })}</p>
        <p class="soft">{token.used ? t('site.token_used', { when: when(token.used) }) : t('site.token_unused')}</p>
        {token.ended && <p>{t('site.token_ended_on', { date: day(token.ended) })} {token.reason}</p>}
      </div>
      <Button kind={token.ended ? undefined : 'danger'} label={t(token.ended ? 'site.token_forget_what' : 'site.token_remove_what', { name: token.name })}
        onClick={remove}>{t(token.ended ? 'site.token_forget' : 'site.token_remove')}</Button>
    </li>
  );
}

export function Tokens({ host, nameOf }: { host: string; nameOf: (login: string) => string }) {
  const path = `/api/v1/sites/${aLabels(host)}/tokens`;
  const tokens = useLoad(path, () => getAll<Token>(path));
  const [name, setName] = useState('');
  const [made, setMade] = useState<{ id: string; token: string } | null>(null);
  const { say } = useMember();
  const action = useAction();
  const removing = useAction();
  const create = () => action.run(async () => {
    if (!name.trim()) throw new Problem(422, 'fields', t('form.mend'), [{ field: 'token', message: t('site.token_missing') }]);
    setMade(await call<{ id: string; token: string }>('POST', path, { name: name.trim() }));
    setName('');
    tokens.reload();
  });
  const remove = (one: Token) => removing.run(async () => {
    await call('DELETE', `${path}/${one.id}`);
    // What is on the screen ends with what it was for.
    if (made?.id === one.id) setMade(null);
    say(t(one.ended ? 'site.token_forgotten' : 'site.token_removed', { name: one.name }));
    document.getElementById('tokens')?.focus();
    tokens.reload();
  });
  return (
    <section aria-labelledby="tokens">
      <h2 id="tokens" tabIndex={-1}>{t('site.tokens')}</h2>
      <p>{t('site.tokens_text')}</p>
      {made && (
        <Notice tone="good">
          <p>{t('site.token_made')}</p>
          <CopyValue name={t('site.token')} value={made.token} />
          <p>{t('mail.once')}</p>
          <CopyValue name={t('site.program_command')}
            value={`curl -H "Authorization: Bearer $TOKEN" -X POST -T site.zip ${location.origin}/api/v1/sites/${aLabels(host)}/deploys`} />
        </Notice>
      )}
      <form class="form" noValidate onSubmit={(event) => { event.preventDefault(); void create(); }}>
        <ErrorSummary problem={action.problem} labels={{ token: t('site.token_name'), name: t('site.token_name') }} />
        <Field name="token" label={t('site.token_name')} example={t('site.program_example')} value={name} onValue={setName}
          error={errorOf(action.problem, 'token') ?? errorOf(action.problem, 'name')} spellcheck />
        <Button type="submit" busy={action.busy} kind="main">{t('site.token_make')}</Button>
      </form>
      {removing.problem && <ProblemNotice problem={removing.problem} />}
      {tokens.problem ? <ProblemNotice problem={tokens.problem} /> : !tokens.data ? <Loading /> : tokens.data.length > 0 && (
        <ul class="rows">
          {tokens.data.map((one) => <Row key={one.id} token={one} nameOf={nameOf} remove={() => void remove(one)} />)}
        </ul>
      )}
    </section>
  );
}
