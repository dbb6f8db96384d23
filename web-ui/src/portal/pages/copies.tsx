// Copies of one's messages that go to another address: a manager can ask for one, the owner of the mailbox decides here.
import { call, type MyMailbox } from '../../common/api';
import { useAction } from '../../common/hooks';
import { t } from '../../common/i18n';
import { Button, Notice, ProblemNotice } from '../../common/parts';
import { useMember } from '../state';

type Copy = NonNullable<MyMailbox['forward']>[number];
/** A copy that waits for one's word. */
export const asks = (copy: Copy) => copy.state === 'waiting' || copy.state === 'running';

function CopyRow({ address, copy, onAnswered }: { address: string; copy: Copy; onAnswered: () => void }) {
  const { say } = useMember();
  const { busy, problem, run } = useAction();
  const answer = (kind: 'agree' | 'end', said: string) => void run(async () => {
    await call('PATCH', `/api/v1/me/mail/${encodeURIComponent(address)}`, { [kind]: [copy.to] });
    say(t(said, { to: copy.to }));
    onAnswered();
  });
  const agree = (
    <Button busy={busy} label={t('copies.agree_what', { to: copy.to })} onClick={() => answer('agree', 'copies.agreed_said')}>{t('copies.agree')}</Button>
  );
  const end = (text: string) => (
    <Button busy={busy} label={t(`${text}_what`, { to: copy.to })} onClick={() => answer('end', 'copies.ended_said')}>{t(text)}</Button>
  );
  return (
    <li>
      <div><p>{t(`copies.${copy.state}`, { address, to: copy.to })}</p>
        {problem && <ProblemNotice problem={problem} />}</div>
      <span class="verbs">
        {copy.state !== 'agreed' && agree}
        {copy.state !== 'ended' && end(copy.state === 'waiting' ? 'copies.refuse' : 'copies.end')}
      </span>
    </li>
  );
}

/** On the page of one's own mail; nothing where nobody asks for a copy. */
export function Copies({ boxes, onAnswered }: { boxes: MyMailbox[]; onAnswered: () => void }) {
  const rows = boxes.flatMap((box) => (box.forward ?? []).map((copy) => ({ address: box.address, copy })));
  if (rows.length === 0) return null;
  return (
    <section aria-labelledby="copies">
      <h2 id="copies" tabIndex={-1}>{t('copies.title')}</h2>
      <p>{t('copies.text')}</p>
      <ul class="rows">
        {rows.map(({ address, copy }) => <CopyRow key={`${address} ${copy.to}`} address={address} copy={copy} onAnswered={onAnswered} />)}
      </ul>
    </section>
  );
}

/** On the first page: somebody's word is missing, or a copy leaves that they have not seen yet. */
export function CopiesNotice({ boxes }: { boxes: MyMailbox[] }) {
  const open = boxes.flatMap((box) => (box.forward ?? []).filter(asks).map((copy) => ({ address: box.address, copy })));
  const first = open[0];
  if (!first) return null;
  return (
    <Notice tone="attention">
      <p>{t(`copies.${first.copy.state}`, { address: first.address, to: first.copy.to })}</p>
      <p><a href="/mail">{t('copies.decide')}</a></p>
    </Notice>
  );
}
