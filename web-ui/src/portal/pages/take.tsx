// "Take everything": the association as one archive, for those who manage it. On the home page.
import { useState } from 'preact/hooks';
import { call } from '../../common/api';
import { useAction } from '../../common/hooks';
import { t } from '../../common/i18n';
import { Button, Check, ProblemNotice } from '../../common/parts';
import { useMember } from '../state';

export function TakeBlock({ slug, mail }: { slug: string; mail: boolean }) {
  const { say, session } = useMember();
  const [mine, setMine] = useState(false);
  const action = useAction();
  const take = () => void action.run(async () => {
    const place = `/api/v1/associations/${slug}/archive${mine ? '?messages=mine' : ''}`;
    // A download that is refused would save the refusal as a file: whether it may begin is asked first.
    await call('GET', `/api/v1/associations/${slug}/archive?check=1`);
    say(t('take.begun'));
    location.assign(place);
  });
  return (
    <section class="block" aria-labelledby="home-take">
      <h2 id="home-take">{t('take.title')}</h2>
      <div>
        <p>{t('take.what')}</p>
        <p class="soft">{t('take.not')}</p>
        {action.problem && <ProblemNotice problem={action.problem} />}
        {session.shared_computer && <p>{t('take.shared')}</p>}
        {mail && !session.shared_computer && <Check label={t('take.mine')} checked={mine} onValue={setMine} />}
      </div>
      {!session.shared_computer && <p class="verbs"><Button busy={action.busy} onClick={take}>{t('take.get')}</Button></p>}
    </section>
  );
}
