// Membres: who belongs to the association. Managers add, invite again, give roles, remove into the bin; groups below.
import { useEffect, useState } from 'preact/hooks';
import { call, get, getAll, type Group, type Invitation, type Member, Problem, type Role } from '../../common/api';
import { useAction, useLoad, useMore } from '../../common/hooks';
import { day, list, t, tn } from '../../common/i18n';
import { Button, Check, Choice, CopyValue, ErrorSummary, Field, Loading, More, Notice, PasswordField, ProblemNotice, errorOf } from '../../common/parts';
import { marksOf, plain, shownNames } from '../../common/same-names';
import { loginOf, slugOf } from '../names';
import { WelcomeSheet } from '../sheet';
import { inLetters } from '../letters';
import { useMember } from '../state';
import { MemberBin, useMemberBin } from './member-bin';
import { MemberNames } from './renaming';

const shown_first = 20;
const search_from = 8;
type Association = { domains: string[] };

type Invited = Pick<Member, 'name' | 'login' | 'mailbox'>;
function InvitationNotice({ person, invitation }: { person: Invited; invitation: Invitation }) {
  const { session, association } = useMember();
  const short = `${inLetters(location.host)}/invitation`;
  return (
    <Notice tone="good">
      <p>{t('members.invited', { name: person.name })}</p>
      <CopyValue name={t('members.link')} value={invitation.url} />
      <p>{t('members.or_code')}</p>
      <CopyValue name={t('members.code_at')} value={short} />
      <CopyValue name={t('members.code')} value={invitation.code} />
      <p class="soft">{t('members.until', { date: day(invitation.expires) })}</p>
      <p class="verbs"><Button onClick={() => window.print()}>{t('members.print')}</Button></p>
      <WelcomeSheet person={person} invitation={invitation} association={association?.name ?? ''} helper={session.name} />
    </Notice>
  );
}

interface Proposal { login: string; mailbox: string | null; same_name: Member[] }
const typing_ms = 500;

/** A free login and address for the name, asked of the house when the typing rests; nothing while it does not fit the name. */
function useProposal(slug: string, name: string) {
  const [known, setKnown] = useState<{ name: string; proposal: Proposal } | null>(null);
  const ask = async (wanted: string) => {
    const proposal = await get<Proposal>(`/api/v1/associations/${slug}/members/proposal?name=${encodeURIComponent(wanted)}`);
    setKnown({ name: wanted, proposal });
    return proposal;
  };
  const wanted = name.trim();
  useEffect(() => {
    if (wanted.length < 3) return undefined;
    // Without an answer the house decides when the form is sent.
    const timer = setTimeout(() => void ask(wanted).catch(() => undefined), typing_ms);
    return () => clearTimeout(timer);
  }, [slug, wanted]);
  return { proposal: known?.name === wanted ? known.proposal : null, ask };
}

function AddMember({ slug, domain, onDone }: { slug: string; domain: string; onDone: (made: Invited | null, invitation?: Invitation) => void }) {
  const { session } = useMember();
  const [name, setName] = useState('');
  const [login, setLogin] = useState<string | null>(null);
  const [mailbox, setMailbox] = useState<string | null>(null);
  const [way, setWay] = useState<'invite' | 'password'>('invite');
  const [password, setPassword] = useState('');
  const [role, setRole] = useState<Role>('member');
  const { busy, problem, run } = useAction();
  const { proposal, ask } = useProposal(slug, name);
  const id = login ?? proposal?.login ?? loginOf(name);
  // The address follows the login until somebody writes another one.
  const addressOf = (who: string) => mailbox ?? (domain && who ? `${who.toLowerCase()}@${domain}` : '');
  const address = addressOf(id);
  const add = () => run(async () => {
    const missing = [
      ...(name.trim() ? [] : [{ field: 'name', message: t('members.name_missing') }]),
      ...(way === 'password' && password.length < 10 ? [{ field: 'password', message: t('password.short') }] : []),
    ];
    if (missing.length > 0) throw new Problem(422, 'fields', t('form.mend'), missing);
    const free = login ?? (proposal ?? await ask(name.trim())).login;
    const box = addressOf(free);
    const made = await call<Member & { invitation?: Invitation }>('POST', `/api/v1/associations/${slug}/members`, {
      login: free, name: name.trim(), role, ...(box ? { mailbox: box } : {}), ...(way === 'invite' ? { invite: true } : { password }),
    });
    onDone({ name: made.name, login: made.login, mailbox: made.mailbox ?? box }, made.invitation);
  });
  return (
    <form class="form panel" noValidate aria-labelledby="add-member" onSubmit={(event) => { event.preventDefault(); void add(); }}>
      <h2 id="add-member">{t('members.add')}</h2>
      <ErrorSummary problem={problem} labels={{ name: t('members.name'), login: t('sign_in.login'), mailbox: t('members.mailbox'), password: t('sign_in.password') }} />
      <Field name="name" label={t('members.name')} example={t('members.name_example')} value={name} onValue={setName}  error={errorOf(problem, 'name')} required />
      <p class="soft" role="status">{proposal && proposal.same_name.length > 0
        ? tn('members.same_name', proposal.same_name.length, { who: list(proposal.same_name.map((one) => one.mailbox ?? one.login)) }) : ''}</p>
      <Field name="login" label={t('sign_in.login')} example={t('members.login_example')} value={id} onValue={setLogin} error={errorOf(problem, 'login')} required />
      {domain && <Field name="mailbox" label={t('members.mailbox')} example={t('members.mailbox_example')} inputmode="email" value={address} onValue={setMailbox} error={errorOf(problem, 'mailbox')} />}
      <Choice label={t('members.role')} name="role" value={role} onValue={setRole}
        choices={(session.admin ? ['member', 'manager', 'admin'] as Role[] : ['member', 'manager'] as Role[]).map((value) => ({ value, label: t(`role.${value}`), hint: t(`role.${value}.hint`) }))} />
      <Choice label={t('members.way')} name="way" value={way} onValue={setWay}
        choices={[{ value: 'invite', label: t('members.way_invite'), hint: t('members.way_invite_hint') }, { value: 'password', label: t('members.way_password'), hint: t('members.way_password_hint') }]} />
      {way === 'password' && <PasswordField name="password" label={t('password.new')} example={t('password.hint')} value={password} onValue={setPassword} autocomplete="new-password" error={errorOf(problem, 'password')} />}
      <p class="verbs"><Button type="submit" kind="main" busy={busy}>{t('add')}</Button><Button onClick={() => onDone(null)}>{t('cancel')}</Button></p>
    </form>
  );
}

interface RowProps { member: Member; mark: string; lastManager: boolean; slug: string; manages: boolean; mine: boolean; onChanged: () => void; onRemove: () => void; onInvitation: (invitation: Invitation) => void }
function MemberRow({ member, mark, lastManager, slug, manages, mine, onChanged, onRemove, onInvitation }: RowProps) {
  const [open, setOpen] = useState(false);
  const { session, say } = useMember();
  const [role, setRole] = useState(member.role);
  const { busy, problem, run } = useAction();
  const path = `/api/v1/associations/${slug}/members/${encodeURIComponent(member.login)}`;
  const id = `edit-${member.login}`;
  const patch = (body: object) => run(async () => { await call('PATCH', path, body); onChanged(); say(t('members.saved', { name: member.name })); });
  const roles: Role[] = session.admin ? ['member', 'manager', 'admin'] : ['member', 'manager'];
  const accountToo = member.may_change_account ?? true;
  return (
    <li>
      <div>
        <p class="row-title">{member.name}{mark && !member.mailbox && <span class="soft"> ({mark})</span>}{mine && <span class="soft"> {t('members.you')}</span>}</p>
        <p class="soft">{t(`role.${member.role}`)}{member.mailbox && <> · <span class="mono">{member.mailbox}</span></>}
          {member.state !== 'active' && <> · {t(`members.state.${member.state}`)}</>}</p>
      </div>
      {manages && <button type="button" class="button outlined" aria-expanded={open} aria-controls={id}
        aria-label={t('members.change_what', { name: member.name })} onClick={() => setOpen(!open)}>{t('change')}</button>}
      {open && (
        <div class="row-more" id={id}>
          {problem && <ProblemNotice problem={problem} />}
          {lastManager && <p class="soft">{t('members.last_manager')}</p>}
          {!accountToo && <p class="soft">{t('members.account_elsewhere')}</p>}
          {accountToo && <MemberNames path={path} member={member} onChanged={onChanged} />}
          {roles.includes(member.role) && !lastManager && (
            <form class="form" onSubmit={(event) => { event.preventDefault(); void patch({ role }); }}>
              <Choice label={t('members.role')} name={`role-${member.login}`} value={role} onValue={setRole}
                choices={roles.map((value) => ({ value, label: t(`role.${value}`), hint: t(`role.${value}.hint`) }))} />
              <p class="verbs"><Button type="submit" busy={busy}>{t('save')}</Button></p>
            </form>
          )}
          <p class="verbs">
            {!mine && accountToo && <Button busy={busy} onClick={() => void run(async () => onInvitation(await call<Invitation & { invitation?: Invitation }>('POST', `${path}/invitation`, {}).then((a) => a.invitation ?? a)))}>{t('members.invite_again')}</Button>}
            {!mine && accountToo && !lastManager && <Button busy={busy} onClick={() => void patch({ disabled: member.state !== 'disabled' })}>{t(member.state === 'disabled' ? 'members.enable' : 'members.disable')}</Button>}
            {!mine && !lastManager && <Button kind="danger" onClick={onRemove}>{t('members.remove')}</Button>}
          </p>
          {mine && <p class="soft">{t('members.not_oneself')}</p>}
        </div>
      )}
    </li>
  );
}

function GroupForm({ slug, group, members, domain, onDone }: { slug: string; group: Group | null; members: Member[]; domain: string; onDone: () => void }) {
  const [name, setName] = useState(group?.name ?? '');
  const [address, setAddress] = useState<string | null>(group ? group.address ?? '' : null);
  const [inside, setInside] = useState(new Set(group?.members ?? []));
  const [send, setSend] = useState(group?.may_send ?? false);
  const [outside, setOutside] = useState((group?.outside ?? []).join(', '));
  const [wanted, setWanted] = useState('');
  const nameOf = shownNames(members);
  const found = members.filter((one) => plain(nameOf(one.login)).includes(plain(wanted)));
  const { shown, left, more } = useMore(found, 100);
  const { busy, problem, run } = useAction();
  const short = group?.slug ?? (slugOf(name) || 'groupe');
  const shownAddress = address ?? (domain && name ? `${short}@${domain}` : '');
  const save = () => run(async () => {
    if (!name.trim()) throw new Problem(422, 'fields', t('form.mend'), [{ field: 'group-name', message: t('groups.name_missing') }]);
    const body = { name: name.trim(), members: [...inside], outside: outside.split(/[\s,;]+/).filter(Boolean), address: shownAddress || null, may_send: send };
    if (group) await call('PATCH', `/api/v1/associations/${slug}/groups/${group.slug}`, body);
    else await call('POST', `/api/v1/associations/${slug}/groups`, { slug: short, ...body, ...(shownAddress ? {} : { address: undefined }) });
    onDone();
  });
  return (
    <form class="form panel" noValidate onSubmit={(event) => { event.preventDefault(); void save(); }} aria-labelledby="group-form">
      <h3 id="group-form">{group ? t('groups.change', { name: group.name }) : t('groups.add')}</h3>
      <ErrorSummary problem={problem} labels={{ 'group-name': t('groups.name'), name: t('groups.name'), address: t('groups.address'), outside: t('groups.outside_label') }} />
      <Field name="group-name" label={t('groups.name')} example={t('groups.name_example')} value={name} onValue={setName} error={errorOf(problem, 'group-name') ?? errorOf(problem, 'name')} spellcheck />
      <Field name="address" label={t('groups.address')} example={t('groups.address_example')} inputmode="email" value={shownAddress} onValue={setAddress} error={errorOf(problem, 'address')} />
      {members.length > search_from && <Field name="find-member" type="search" label={t('pads.people.find')} value={wanted} onValue={setWanted} />}
      <fieldset class="choice"><legend>{t('groups.members')}</legend>
        {shown.map((one) => (
          <label class="check" key={one.login}>
            <input type="checkbox" checked={inside.has(one.login)} onChange={(event) => {
              const next = new Set(inside);
              if (event.currentTarget.checked) next.add(one.login); else next.delete(one.login);
              setInside(next);
            }} /><span>{nameOf(one.login)}</span></label>
        ))}
        {shown.length === 0 && <p class="soft">{t('pads.people.nobody')}</p>}
      </fieldset>
      <More left={left} onMore={more} />
      <Field name="outside" label={t('groups.outside_label')} example={t('groups.outside_example')} value={outside} onValue={setOutside} error={errorOf(problem, 'outside')} />
      <Check label={t('groups.may_send')} checked={send} onValue={setSend} />
      <p class="verbs"><Button type="submit" kind="main" busy={busy}>{t(group ? 'save' : 'add')}</Button><Button onClick={onDone}>{t('cancel')}</Button></p>
    </form>
  );
}

/** The first names of a group, and how many more there are. */
function namesOf(logins: string[], nameOf: (login: string) => string): string {
  const names = logins.slice(0, 6).map(nameOf);
  return list(logins.length > names.length ? [...names, tn('groups.others', logins.length - names.length)] : names);
}

function Groups({ slug, members, domain }: { slug: string; members: Member[]; domain: string }) {
  const { manages, offerUndo } = useMember();
  const groups = useLoad(slug, () => getAll<Group>(`/api/v1/associations/${slug}/groups`));
  const [form, setForm] = useState<Group | 'new' | null>(null);
  const nameOf = shownNames(members);
  const { shown, left, more } = useMore(groups.data ?? [], shown_first);
  const done = () => { setForm(null); groups.reload(); };
  const remove = (group: Group) => {
    const kept = groups.data ?? [];
    groups.set(kept.filter((one) => one.slug !== group.slug));
    offerUndo(t('groups.removing', { name: group.name }), () => groups.set(kept), {
      work: () => call('DELETE', `/api/v1/associations/${slug}/groups/${group.slug}`).finally(groups.reload),
      done: t('groups.removed', { name: group.name }),
    });
  };
  return (
    <section aria-labelledby="groups">
      <h2 id="groups">{t('groups.title')}</h2>
      {groups.problem ? <ProblemNotice problem={groups.problem} /> : !groups.data ? <Loading />
        : groups.data.length === 0 ? <p>{t('groups.none')}</p> : (
          <ul class="rows">
            {shown.map((group) => (
              <li key={group.slug}>
                <div><p class="row-title">{group.name}</p>
                  <p class="soft">{group.members.length > 0 ? namesOf(group.members, nameOf) : t('groups.empty')}
                    {group.outside.length > 0 && <> · {tn('groups.outside', group.outside.length)}</>}
                    {group.address && <> · <span class="mono">{group.address}</span></>}</p></div>
                {manages && <span class="verbs"><Button label={t('members.change_what', { name: group.name })} onClick={() => setForm(group)}>{t('change')}</Button>
                  <Button kind="danger" label={t('groups.remove_what', { name: group.name })} onClick={() => remove(group)}>{t('remove')}</Button></span>}
              </li>
            ))}
          </ul>
        )}
      <More left={left} onMore={more} />
      {manages && (form ? <GroupForm key={form === 'new' ? 'new' : form.slug} slug={slug} group={form === 'new' ? null : form} members={members} domain={domain} onDone={done} />
        : <p><Button onClick={() => setForm('new')}>{t('groups.add')}</Button></p>)}
    </section>
  );
}

export function Members() {
  const { association, manages, session } = useMember();
  const slug = association?.slug ?? null;
  const members = useLoad(slug, () => getAll<Member>(`/api/v1/associations/${slug}/members`));
  const about = useLoad(manages ? slug : null, () => get<{ items: (Association & { slug: string })[] }>('/api/v1/associations').then((a) => a.items.find((one) => one.slug === slug) ?? { domains: [] }));
  const [adding, setAdding] = useState(false);
  const [invited, setInvited] = useState<{ person: Invited; invitation: Invitation | null } | null>(null);
  const bin = useMemberBin(slug, members.reload);
  const sorted = [...(members.data ?? [])].sort((a, b) => a.name.localeCompare(b.name) || a.login.localeCompare(b.login));
  const { shown, left, more } = useMore(sorted, shown_first);
  if (!slug) return <><h1 tabIndex={-1}>{t('nav.members')}</h1><p>{t('home.no_association')}</p></>;
  const domain = about.data?.domains[0] ?? '';
  const marks = marksOf(sorted);
  const managers = sorted.filter((one) => one.role !== 'member' && one.state !== 'disabled');
  const remove = (member: Member) => {
    // An invitation on the screen ends with the person whom it was for.
    if (invited?.person.login === member.login) setInvited(null);
    bin.remove(member);
  };
  return (
    <>
      <h1 tabIndex={-1}>{t('nav.members')}</h1>
      {invited && (invited.invitation ? <InvitationNotice person={invited.person} invitation={invited.invitation} />
        : <Notice tone="good"><p>{t('members.added', { name: invited.person.name })}</p></Notice>)}
      {manages && (adding
        ? <AddMember slug={slug} domain={domain} onDone={(person, invitation) => {
          setAdding(false);
          if (person) { setInvited({ person, invitation: invitation ?? null }); members.reload(); }
          document.querySelector<HTMLElement>('h1')?.focus();
        }} />
        : <p class="verbs"><Button kind="main" onClick={() => { setInvited(null); setAdding(true); }}>{t('members.add')}</Button></p>)}
      {members.problem ? <ProblemNotice problem={members.problem} /> : !members.data ? <Loading /> : (
        <section aria-labelledby="members-list">
          <h2 id="members-list">{tn('members.count', members.data.length)}</h2>
          <ul class="rows">
            {shown.map((member) => (
              <MemberRow key={member.login} member={member} mark={marks.get(member.login) ?? ''} slug={slug}
                lastManager={managers.length === 1 && managers[0] === member} manages={manages} mine={member.login === session.login}
                onChanged={members.reload} onRemove={() => remove(member)}
                onInvitation={(invitation) => { setInvited({ person: member, invitation }); window.scrollTo(0, 0); document.querySelector<HTMLElement>('h1')?.focus(); }} />
            ))}
          </ul>
          <More left={left} onMore={more} />
        </section>
      )}
      {manages && <MemberBin slug={slug} bin={bin} />}
      {members.data && <Groups slug={slug} members={sorted} domain={domain} />}
    </>
  );
}
