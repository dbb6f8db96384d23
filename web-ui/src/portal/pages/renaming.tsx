// Another name or address for what is there already: a person, a mailbox, where an address of redirection leads. Each form
// says in one sentence what stays. Used by the rows of Membres and Courrier.
import { useState } from 'preact/hooks';
import { type Alias, call, type Member, Problem } from '../../common/api';
import { useAction } from '../../common/hooks';
import { t } from '../../common/i18n';
import { Button, Check, ErrorSummary, Field, errorOf } from '../../common/parts';
import { useMember } from '../state';

/** Several rows may be open at once: the fields of a problem get the names that they have in this row. */
export function inRow(problem: Problem | null, row: string): Problem | null {
  return problem && new Problem(problem.status, problem.code, problem.detail,
    problem.fields.map((one) => ({ ...one, field: `${one.field}-${row}` })), problem.reference, problem.extra);
}

interface MemberProps { path: string; member: Member; onChanged: () => void }
/** The name of a person, and the address of their mailbox in this association. */
export function MemberNames({ path, member, onChanged }: MemberProps) {
  const { house, say } = useMember();
  const [name, setName] = useState(member.name);
  const [mailbox, setMailbox] = useState(member.mailbox ?? '');
  const action = useAction();
  const row = member.login;
  const problem = inRow(action.problem, row);
  const save = () => action.run(async () => {
    if (!name.trim()) throw new Problem(422, 'fields', t('form.mend'), [{ field: 'name', message: t('members.name_missing') }]);
    const address = mailbox.trim();
    await call('PATCH', path, { name: name.trim(), ...(address && address !== member.mailbox ? { mailbox: address } : {}) });
    onChanged();
    say(t('members.saved', { name: name.trim() }));
  });
  return (
    <form class="form" noValidate onSubmit={(event) => { event.preventDefault(); void save(); }}>
      <ErrorSummary problem={problem} labels={{ [`name-${row}`]: t('members.name'), [`mailbox-${row}`]: t('members.mailbox') }} />
      <Field name={`name-${row}`} label={t('members.name')} value={name} onValue={setName} error={errorOf(problem, `name-${row}`)} />
      {house?.services.mail && <Field name={`mailbox-${row}`} label={t('members.mailbox')} inputmode="email" value={mailbox} onValue={setMailbox}
        example={t(member.mailbox ? 'members.mailbox_other' : 'members.mailbox_example')} error={errorOf(problem, `mailbox-${row}`)} />}
      <p class="verbs"><Button type="submit" busy={action.busy}>{t('members.save_names')}</Button></p>
    </form>
  );
}

interface BoxProps { path: string; address: string; onChanged: () => void }
/** Another address for the same mailbox. */
export function BoxAddress({ path, address, onChanged }: BoxProps) {
  const { say } = useMember();
  const [wanted, setWanted] = useState(address);
  const [keep, setKeep] = useState(true);
  const action = useAction();
  const problem = inRow(action.problem, address);
  const save = () => action.run(async () => {
    const to = wanted.trim();
    if (!to) throw new Problem(422, 'fields', t('form.mend'), [{ field: 'address', message: t('mail.address_missing') }]);
    if (to === address) return;
    await call('PATCH', path, { address: to, keep_old: keep });
    onChanged();
    say(t(keep ? 'mail.box_renamed_kept' : 'mail.box_renamed', { from: address, to }));
  });
  return (
    <form class="form" noValidate onSubmit={(event) => { event.preventDefault(); void save(); }}>
      <ErrorSummary problem={problem} labels={{ [`address-${address}`]: t('mail.address') }} />
      <Field name={`address-${address}`} label={t('mail.address')} example={t('mail.box_rename_text')} inputmode="email"
        value={wanted} onValue={setWanted} error={errorOf(problem, `address-${address}`)} />
      <Check label={t('mail.keep_old')} hint={t(keep ? 'mail.keep_old_hint' : 'mail.keep_old_not')} checked={keep} onValue={setKeep} />
      <p class="verbs"><Button type="submit" busy={action.busy}>{t('mail.box_rename')}</Button></p>
    </form>
  );
}

interface AliasProps { slug: string; alias: Alias; onChanged: () => void; onRemove: () => void }
/** An address of redirection: where it leads, and who may write with it. */
export function AliasRow({ slug, alias, onChanged, onRemove }: AliasProps) {
  const { say } = useMember();
  const [open, setOpen] = useState(false);
  const [to, setTo] = useState(alias.to.join(', '));
  const [send, setSend] = useState(alias.may_send);
  const action = useAction();
  const row = alias.address;
  const problem = inRow(action.problem, row);
  const save = () => action.run(async () => {
    const targets = to.split(/[\s,;]+/).filter(Boolean);
    if (targets.length === 0) throw new Problem(422, 'fields', t('form.mend'), [{ field: 'to', message: t('mail.to_missing') }]);
    await call('PATCH', `/api/v1/associations/${slug}/aliases/${encodeURIComponent(row)}`, { to: targets, may_send: send });
    setOpen(false);
    onChanged();
    say(t('mail.redirect_changed', { address: row, to: targets.join(', ') }));
  });
  return (
    <li>
      <div><p class="row-title mono">{row}</p><p class="soft">{t('mail.redirect_to', { to: alias.to.join(', ') })}</p></div>
      <span class="verbs">
        <button type="button" class="button outlined" aria-expanded={open} aria-controls={`alias-${row}`}
          aria-label={t('members.change_what', { name: row })} onClick={() => setOpen(!open)}>{t('change')}</button>
        <Button kind="danger" label={t('mail.redirect_remove_what', { address: row })} onClick={onRemove}>{t('remove')}</Button>
      </span>
      {open && (
        <form class="form row-more" id={`alias-${row}`} noValidate onSubmit={(event) => { event.preventDefault(); void save(); }}>
          <ErrorSummary problem={problem} labels={{ [`to-${row}`]: t('mail.to') }} />
          <Field name={`to-${row}`} label={t('mail.to')} example={t('mail.to_example')} value={to} onValue={setTo} error={errorOf(problem, `to-${row}`)} />
          <Check label={t('mail.may_send')} checked={send} onValue={setSend} />
          <p class="verbs"><Button type="submit" busy={action.busy}>{t('save')}</Button></p>
        </form>
      )}
    </li>
  );
}
