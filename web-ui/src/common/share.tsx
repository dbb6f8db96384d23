// Who may come into a text, in words, and the link to hand on: the portal's list and the editor both show it.
import { useState } from 'preact/hooks';
import { call, getAll, type Group, type Member, type Pad, type Permission } from './api';
import { useAction, useLoad } from './hooks';
import { list, t, tn } from './i18n';
import { plain, shownNames } from './same-names';
import { Button, Choice, CopyValue, Field, Loading, ProblemNotice } from './parts';

const permissions: Permission[] = ['write', 'read', 'none'];
const search_from = 8;

interface ChosenProps { association: string; chosen: string[]; onChosen: (logins: string[]) => void }

/** The members to tick, whole groups at once, and in words who will come in. */
function Chosen({ association, chosen, onChosen }: ChosenProps) {
  const [wanted, setWanted] = useState('');
  const members = useLoad(association, () => getAll<Member>(`/api/v1/associations/${association}/members`));
  const groups = useLoad(association, () => getAll<Group>(`/api/v1/associations/${association}/groups`));
  if (members.problem) return <ProblemNotice problem={members.problem} />;
  if (!members.data) return <Loading />;
  const there = members.data.filter((one) => one.state !== 'disabled').sort((a, b) => a.name.localeCompare(b.name));
  const shownName = shownNames(members.data);
  const others = there.filter((one) => one.role === 'member');
  const always = there.filter((one) => one.role !== 'member').map((one) => shownName(one.login));
  const shown = others.filter((one) => plain(shownName(one.login)).includes(plain(wanted.trim())));
  const names = others.filter((one) => chosen.includes(one.login)).map((one) => shownName(one.login));
  const set = (logins: string[], on: boolean) => onChosen(on ? [...new Set([...chosen, ...logins])] : chosen.filter((one) => !logins.includes(one)));
  const inside = (group: Group) => group.members.filter((login) => others.some((one) => one.login === login));
  return (
    <>
      {others.length > search_from && <Field name="find-person" type="search" label={t('pads.people.find')} value={wanted} onValue={setWanted} />}
      <fieldset class="choice people-choice">
        <legend>{t('pads.people.who')}</legend>
        {shown.map((one) => (
          <label class="check" key={one.login}>
            <input type="checkbox" checked={chosen.includes(one.login)} onChange={(event) => set([one.login], event.currentTarget.checked)} />
            <span>{shownName(one.login)}</span>
          </label>
        ))}
        {shown.length === 0 && <p class="soft">{t('pads.people.nobody')}</p>}
      </fieldset>
      {(groups.data ?? []).filter((group) => inside(group).length > 0).map((group) => (
        <p key={group.slug}><Button onClick={() => set(inside(group), true)}>{tn('pads.people.group', inside(group).length, { name: group.name })}</Button></p>
      ))}
      <p role="status">{names.length === 0 ? t('pads.people.none') : t('pads.people.chosen', { names: list(names) })}</p>
      {always.length > 0 && <p class="soft">{t('pads.people.always', { names: list(always) })}</p>}
    </>
  );
}

/** Who may come in, in words, and the link to hand on. */
export function Share({ pad, onChanged }: { pad: Pad; onChanged: (pad: Pad) => void }) {
  const [access, setAccess] = useState(pad.access);
  const [some, setSome] = useState((pad.access.people ?? []).length > 0);
  const [done, setDone] = useState(false);
  const { busy, problem, run } = useAction();
  const open = pad.access.link !== 'none';
  const link = useLoad(open ? `${pad.id} ${pad.access.link}` : null, () => call<{ url: string }>('POST', `/api/v1/pads/${pad.id}/link`, {}));
  const save = () => run(async () => {
    const people = some ? access.people ?? [] : [];
    const wish = some ? { members: 'none', link: 'none', people } : { members: access.members, link: access.link, people };
    onChanged(await call<Pad>('PATCH', `/api/v1/pads/${pad.id}`, { access: wish }));
    setDone(true);
  });
  const change = (to: Partial<Pad['access']>) => {
    setDone(false);
    setAccess({ ...access, ...to });
  };
  const choices = permissions.map((value) => ({ value, label: t(`pads.may.${value}`) }));
  return (
    <>
      {open && (link.problem ? <ProblemNotice problem={link.problem} /> : link.data && (
        <div><CopyValue name={t('pads.the_link')} value={link.data.url} /><p class="soft">{t('pads.link_warning')}</p></div>
      ))}
      {pad.may_manage && (
        <form class="form" noValidate onSubmit={(event) => { event.preventDefault(); void save(); }}>
          {problem && <ProblemNotice problem={problem} />}
          <Choice label={t('pads.open_to')} name={`open-${pad.id}`} value={some ? 'people' : 'members'}
            choices={(['members', 'people'] as const).map((value) => ({ value, label: t(`pads.open_to.${value}`) }))}
            onValue={(value) => { setDone(false); setSome(value === 'people'); }} />
          {some ? <Chosen association={pad.association ?? ''} chosen={access.people ?? []} onChosen={(people) => change({ people })} /> : (
            <>
              <Choice label={t('pads.access_members')} name={`members-${pad.id}`} value={access.members} choices={choices} onValue={(members) => change({ members })} />
              <Choice label={t('pads.access_link')} name={`link-${pad.id}`} value={access.link} choices={choices} onValue={(to) => change({ link: to })} />
            </>
          )}
          <p class="verbs"><Button type="submit" busy={busy}>{t('save')}</Button><span role="status" class="soft">{done ? t('saved') : ''}</span></p>
        </form>
      )}
    </>
  );
}
