// The associations of the house, for its admins: removing one, and the bin of those removed in the last 30 days. Used by
// status.tsx. Making and changing an association is done by the declared file (`hameau apply`) and the API.
import { useState } from 'preact/hooks';
import { call, get, getAll, Problem, type Session } from '../../common/api';
import { useAction, useLoad, useModal } from '../../common/hooks';
import { day, has, t, tn } from '../../common/i18n';
import { Button, EraseDialog, Loading, Notice, ProblemNotice } from '../../common/parts';
import { useMember } from '../state';
import { Erasures } from './erasures';

interface Association { slug: string; name: string; domains: string[]; members: number; accounts_only_here?: number }
/** `behind`: services that have yet to hear that it is in the bin. */
interface Binned extends Association { accounts_only_here: number; behind: string[]; deleted: string; gone: string }

const all = '/api/v1/associations';
const service = (name: string) => (has(`service.${name}`) ? t(`service.${name}`) : name);

/** What happens to whom, before it happens. */
function RemoveDialog({ one, onRemove, onClose }: { one: Association; onRemove: () => Promise<void>; onClose: () => void }) {
  const dialog = useModal();
  const facts = useLoad(one.slug, () => get<Association>(`${all}/${one.slug}`));
  const action = useAction();
  const alone = facts.data?.accounts_only_here;
  return (
    <dialog ref={dialog} aria-labelledby="remove-title" onClose={onClose}>
      <h3 id="remove-title">{t('associations.remove_what', { name: one.name })}</h3>
      <ul>
        <li>{t('associations.remove_sites')}</li>
        <li>{t('associations.remove_mail')}</li>
        {alone !== 0 && <li>{alone === undefined ? t('associations.remove_members') : tn('associations.remove_alone', alone)}</li>}
        <li>{t('associations.remove_names')}</li>
      </ul>
      <p>{t('associations.remove_back')}</p>
      {(action.problem ?? facts.problem) && <ProblemNotice problem={(action.problem ?? facts.problem)!} />}
      <p class="verbs"><Button onClick={() => dialog.current?.close()}>{t('cancel')}</Button>
        <Button kind="danger" busy={action.busy} onClick={() => void action.run(onRemove).then((done) => done && onClose())}>{t('associations.remove')}</Button></p>
    </dialog>
  );
}

/** `onMoved`: the call failed, though it may be done: some service has yet to hear it (503), and the response says which. */
interface BinProps { rows: Binned[]; onRestored: (name: string, warnings: string[]) => void; onErased: (name: string) => void; onMoved: (told: string) => Promise<void> }
function BinRows({ rows, onRestored, onErased, onMoved }: BinProps) {
  const [erasing, setErasing] = useState<Binned | null>(null);
  const action = useAction();
  const told = async <T,>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      // The dialog goes with its row: what the response says is said by the page too.
      await onMoved(error instanceof Problem ? error.detail : '').catch(() => undefined);
      throw error;
    }
  };
  const restore = (one: Binned) => void action.run(async () => {
    const back = await told(call<{ warnings: string[] }>('POST', `${all}/${one.slug}/restore`, {}));
    onRestored(one.name, back.warnings);
  });
  return (
    <>
      {action.problem && <ProblemNotice problem={action.problem} />}
      <ul class="rows">
        {rows.map((one) => (
          <li key={one.slug}>
            <div><p class="row-title">{one.name} <span class="soft">({one.slug})</span></p>
              <p class="soft">{one.accounts_only_here > 0 && `${tn('associations.alone', one.accounts_only_here)} `}{t('associations.bin_until', { date: day(one.gone) })}</p>
              {one.behind.length > 0 && <p class="failed-check">{t('associations.behind', { services: one.behind.map(service).join(', ') })}</p>}</div>
            <span class="verbs">
              <Button busy={action.busy} label={t('associations.restore_what', { name: one.name })} onClick={() => restore(one)}>{t('pads.restore')}</Button>
              <Button kind="danger" label={t('associations.erase_what', { name: one.name })} onClick={() => setErasing(one)}>{t('members.erase')}</Button>
            </span>
          </li>
        ))}
      </ul>
      {erasing && <EraseDialog title={t('associations.erase_what', { name: erasing.name })} text={erasing.accounts_only_here > 0 ? tn('associations.erase_text', erasing.accounts_only_here) : t('associations.erase_text_none')} name={erasing.slug}
        onClose={() => setErasing(null)} onErase={async () => { await told(call('DELETE', `${all}/${erasing.slug}?purge=1`)); onErased(erasing.name); }} />}
    </>
  );
}

export function Associations() {
  const { say, sessionChanged } = useMember();
  const here = useLoad('associations', () => getAll<Association>(all));
  const bin = useLoad('associations-bin', () => getAll<Binned>(`${all}?bin=1`));
  const [removing, setRemoving] = useState<Association | null>(null);
  const [turn, setTurn] = useState(0);
  /** The lists, and what the switcher of the bandeau shows, are looked at again. */
  const moved = async (text: string) => {
    here.reload();
    bin.reload();
    setTurn((before) => before + 1);
    if (text) say(text);
    sessionChanged(await get<Session>('/api/v1/session'));
  };
  const remove = async (one: Association) => {
    try {
      await call('DELETE', `${all}/${one.slug}`);
    } catch (error) {
      // It is in the bin, though some service has yet to hear it: the lists say so.
      await moved('').catch(() => undefined);
      throw error;
    }
    await moved(t('associations.binned', { name: one.name }));
  };
  const problem = here.problem ?? bin.problem;
  return (
    <section aria-labelledby="associations">
      <h2 id="associations">{t('associations.title')}</h2>
      {problem && <ProblemNotice problem={problem} />}
      {!problem && !(here.data && bin.data) && <Loading />}
      {here.data && (
        <ul class="rows">
          {here.data.map((one) => (
            <li key={one.slug}>
              <div><p class="row-title">{one.name} <span class="soft">({one.slug})</span></p>
                <p class="soft">{tn('associations.members', one.members)}{one.domains.length > 0 && ` · ${one.domains.join(', ')}`}</p></div>
              <span class="verbs"><Button kind="danger" label={t('associations.remove_what', { name: one.name })} onClick={() => setRemoving(one)}>{t('associations.remove')}</Button></span>
            </li>
          ))}
        </ul>
      )}
      {bin.data && bin.data.length > 0 && (
        <>
          <h3>{t('pads.bin')}</h3>
          <Notice tone="attention"><p>{t('associations.bin_hint')}</p></Notice>
          <BinRows rows={bin.data} onErased={(name) => void moved(t('associations.erased', { name }))} onMoved={moved}
            onRestored={(name, warnings) => void moved([t('associations.restored', { name }), ...warnings].join(' '))} />
        </>
      )}
      <Erasures turn={turn} />
      {removing && <RemoveDialog one={removing} onRemove={() => remove(removing)} onClose={() => setRemoving(null)} />}
    </section>
  );
}
