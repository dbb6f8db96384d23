// Who may come into a text, in words, and the link to hand on: the portal's list and the editor both show it.
import { useState } from 'preact/hooks';
import { call, type Pad, type Permission } from './api';
import { useAction, useLoad } from './hooks';
import { t } from './i18n';
import { Button, Choice, CopyValue, ProblemNotice } from './parts';

const permissions: Permission[] = ['write', 'read', 'none'];

/** Who may come in, in words, and the link to hand on. */
export function Share({ pad, onChanged }: { pad: Pad; onChanged: (pad: Pad) => void }) {
  const [access, setAccess] = useState(pad.access);
  const [done, setDone] = useState(false);
  const { busy, problem, run } = useAction();
  const open = pad.access.link !== 'none';
  const link = useLoad(open ? `${pad.id} ${pad.access.link}` : null, () => call<{ url: string }>('POST', `/api/v1/pads/${pad.id}/link`, {}));
  const save = () => run(async () => {
    onChanged(await call<Pad>('PATCH', `/api/v1/pads/${pad.id}`, { access }));
    setDone(true);
  });
  const choices = permissions.map((value) => ({ value, label: t(`pads.may.${value}`) }));
  return (
    <>
      {open && (link.problem ? <ProblemNotice problem={link.problem} /> : link.data && (
        <div><CopyValue name={t('pads.the_link')} value={link.data.url} /><p class="soft">{t('pads.link_warning')}</p></div>
      ))}
      {pad.may_manage && (
        <form class="form" noValidate onSubmit={(event) => { event.preventDefault(); void save(); }}>
          {problem && <ProblemNotice problem={problem} />}
          <Choice label={t('pads.access_members')} name={`members-${pad.id}`} value={access.members} choices={choices}
            onValue={(members) => { setDone(false); setAccess({ ...access, members }); }} />
          <Choice label={t('pads.access_link')} name={`link-${pad.id}`} value={access.link} choices={choices}
            onValue={(to) => { setDone(false); setAccess({ ...access, link: to }); }} />
          <p class="verbs"><Button type="submit" busy={busy}>{t('save')}</Button><span role="status" class="soft">{done ? t('saved') : ''}</span></p>
        </form>
      )}
    </>
  );
}
