// The bin of members, for managers: who was removed in the last 30 days, the way back, and the end. Used by members.tsx.
import { useState } from 'preact/hooks';
import { call, getAll, type Member, type Role } from '../../common/api';
import { useAction, useLoad } from '../../common/hooks';
import { day, t } from '../../common/i18n';
import { Button, EraseDialog, Loading, ProblemNotice } from '../../common/parts';
import { useMember } from '../state';

const bin_ms = 30 * 24 * 3600 * 1000;
/** `free_login`: the login is somebody else's by now, this one is free. `account`: nothing else of the house knows the person. */
interface Removed { id: string; login: string; name: string; role: Role; account: boolean; free_login: string | null; deleted: string; gone: string }
type Back = Member & { warnings: string[] };

const pathOf = (slug: string, who: string) => `/api/v1/associations/${slug}/members/${encodeURIComponent(who)}`;
const restore = (slug: string, id: string, login: string | null) =>
  call<Back>('POST', `${pathOf(slug, id)}/restore${login ? `?login=${encodeURIComponent(login)}` : ''}`, {});

interface ListProps { slug: string; onRestored: (back: Back) => void; onErased: (name: string) => void }
function RemovedMembers({ slug, onRestored, onErased }: ListProps) {
  const people = useLoad(slug, () => getAll<Removed>(`/api/v1/associations/${slug}/members?bin=1`));
  const [erasing, setErasing] = useState<Removed | null>(null);
  const action = useAction();
  const takeBack = (person: Removed) => void action.run(async () => onRestored(await restore(slug, person.id, person.free_login)));
  if (people.problem) return <ProblemNotice problem={people.problem} />;
  if (!people.data) return <Loading />;
  const rows = [...people.data].sort((a, b) => b.deleted.localeCompare(a.deleted));
  return (
    <>
      {action.problem && <ProblemNotice problem={action.problem} />}
      <p class="soft">{t('members.bin_hint')}</p>
      {rows.length === 0 ? <p>{t('pads.bin_empty')}</p> : (
        <ul class="rows">
          {rows.map((person) => (
            <li key={person.id}>
              <div><p class="row-title">{person.name} <span class="soft">({person.login})</span></p>
                <p class="soft">{t(`role.${person.role}`)} · {t(person.account ? 'members.bin_until' : 'members.bin_until_here', { date: day(person.gone) })}</p>
                {person.free_login && <p class="soft">{t('members.bin_login', { login: person.login, free: person.free_login })}</p>}</div>
              <span class="verbs">
                <Button busy={action.busy} label={t('members.restore_what', { name: person.name })} onClick={() => takeBack(person)}>{t('pads.restore')}</Button>
                <Button kind="danger" label={t('members.erase_what', { name: person.name })} onClick={() => setErasing(person)}>{t('members.erase')}</Button>
              </span>
            </li>
          ))}
        </ul>
      )}
      {erasing && <EraseDialog title={t('members.erase')} text={t(erasing.account ? 'members.erase_text' : 'members.erase_text_here', { name: erasing.name })} name={erasing.login}
        onClose={() => setErasing(null)} onErase={async () => { await call('DELETE', `${pathOf(slug, erasing.id)}?purge=1`); onErased(erasing.name); }} />}
    </>
  );
}

/** Into the bin and back. `onMoved` looks at the members again. */
export function useMemberBin(slug: string | null, onMoved: () => void) {
  const { offerUndo, dropUndo, say } = useMember();
  // How often somebody went into the bin or came out of it, so that an open list of it stays true.
  const [turn, setTurn] = useState(0);
  const action = useAction();
  const moved = (text: string) => {
    setTurn((now) => now + 1);
    onMoved();
    if (text) say(text);
  };
  const restored = (back: Back) => {
    dropUndo();
    moved([t('members.restored', { name: back.name }), ...back.warnings].join(' '));
  };
  const erased = (name: string) => {
    dropUndo();
    moved(t('members.erased', { name }));
  };
  const remove = (member: Member) => void action.run(async () => {
    await call('DELETE', pathOf(slug ?? '', member.login));
    moved('');
    offerUndo(t('members.binned', { name: member.name, date: day(Date.now() + bin_ms) }),
      () => void action.run(async () => restored(await restore(slug ?? '', member.id, null))));
  });
  return { remove, restored, erased, turn, problem: action.problem };
}

interface BinProps { slug: string; bin: ReturnType<typeof useMemberBin> }
export function MemberBin({ slug, bin }: BinProps) {
  const [open, setOpen] = useState(false);
  return (
    <section aria-labelledby="member-bin">
      <h2 id="member-bin">{t('pads.bin')}</h2>
      {bin.problem && <ProblemNotice problem={bin.problem} />}
      {open && <RemovedMembers key={bin.turn} slug={slug} onRestored={bin.restored} onErased={bin.erased} />}
      <p><button type="button" class="button outlined" aria-expanded={open} onClick={() => setOpen(!open)}>{t(open ? 'pads.bin_close' : 'pads.bin_open')}</button></p>
    </section>
  );
}
