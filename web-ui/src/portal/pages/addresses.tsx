// The association's addresses, for managers: mailboxes, addresses of redirection, and the bin of mailboxes. A mailbox goes
// into the bin and has the undo bar; erasing what is in the bin is typed, as nothing brings its messages back.
import { useRef, useState } from 'preact/hooks';
import { type Alias, call, get, getAll, type Mailbox, type Member, Problem } from '../../common/api';
import { useAction, useLoad, useMore } from '../../common/hooks';
import { size, t } from '../../common/i18n';
import { Button, Check, ErrorSummary, Field, Loading, More, Notice, ProblemNotice, errorOf } from '../../common/parts';
import { shownNames } from '../../common/same-names';
import { useMember } from '../state';
import { BoxBin, useBoxBin } from './box-bin';
import { AliasRow, BoxAddress, inRow } from './renaming';

const shown_first = 100;
const list = (text: string) => text.split(/[\s,;]+/).filter(Boolean);
const missing = (fields: [string, boolean, string][]) => {
  const wrong = fields.filter(([, there]) => !there).map(([field, , key]) => ({ field, message: t(key) }));
  if (wrong.length > 0) throw new Problem(422, 'fields', t('form.mend'), wrong);
};

/** Where copies of a mailbox go, and what its owner has not agreed to. */
function copiesOf(box: Mailbox, name: string): string[] {
  const [waiting, ended] = [box.forward_waiting ?? [], box.forward_ended ?? []];
  const going = (box.forward ?? []).filter((to) => !waiting.includes(to) && !ended.includes(to));
  return [
    going.length > 0 ? t('mail.box_forward', { to: going.join(', ') }) : '',
    waiting.length > 0 ? t('mail.box_forward_waiting', { to: waiting.join(', '), name }) : '',
    ended.length > 0 ? t('mail.box_forward_ended', { to: ended.join(', '), name }) : '',
  ];
}

interface BoxRowProps { slug: string; box: Mailbox; owner: string; onChanged: () => void; onRemove: () => Promise<void> }
function BoxRow({ slug, box, owner, onChanged, onRemove }: BoxRowProps) {
  const [open, setOpen] = useState(false);
  const [forward, setForward] = useState((box.forward ?? []).join(', '));
  const [done, setDone] = useState(false);
  const { busy, problem, run } = useAction();
  const path = `/api/v1/associations/${slug}/mailboxes/${encodeURIComponent(box.address)}`;
  const id = `box-${box.address}`;
  const facts = [
    t('mail.box_of', { name: owner }),
    box.used_bytes === undefined || box.used_bytes === null ? '' : box.quota_bytes ? t('mail.room', { used: size(box.used_bytes), all: size(box.quota_bytes) }) : size(box.used_bytes),
    ...copiesOf(box, owner),
  ].filter(Boolean);
  const save = () => run(async () => {
    await call('PATCH', path, { forward: list(forward) });
    setDone(true);
    onChanged();
  });
  return (
    <li>
      <div><p class="row-title mono">{box.address}</p><p class="soft">{facts.join(' · ')}</p></div>
      <button type="button" class="button outlined" aria-expanded={open} aria-controls={id}
        aria-label={t('members.change_what', { name: box.address })} onClick={() => setOpen(!open)}>{t('change')}</button>
      {open && (
        <div class="row-more" id={id}>
          <form class="form" noValidate onSubmit={(event) => { event.preventDefault(); void save(); }}>
            <ErrorSummary problem={inRow(problem, box.address)} labels={{ [`forward-${box.address}`]: t('mail.forward') }} />
            <Field name={`forward-${box.address}`} label={t('mail.forward')} example={t('mail.forward_example')} value={forward}
              onValue={(value) => { setDone(false); setForward(value); }} error={errorOf(problem, 'forward')} />
            <p class="verbs"><Button type="submit" busy={busy}>{t('save')}</Button>
              <Button kind="danger" busy={busy} label={t('mail.box_remove_what', { address: box.address })}
                onClick={() => void run(onRemove)}>{t('mail.box_remove')}</Button>
              <span role="status" class="soft">{done ? t('saved') : ''}</span></p>
            <p class="soft">{t('mail.box_remove_hint')}</p>
          </form>
          <BoxAddress path={path} address={box.address} onChanged={onChanged} />
        </div>
      )}
    </li>
  );
}

type Adding = 'none' | 'box' | 'redirect';
interface AddProps { slug: string; kind: Exclude<Adding, 'none'>; domain: string; members: Member[]; onDone: (address: string) => void }
function AddAddress({ slug, kind, domain, members, onDone }: AddProps) {
  const [address, setAddress] = useState('');
  const [to, setTo] = useState('');
  const [send, setSend] = useState(false);
  const [login, setLogin] = useState(members[0]?.login ?? '');
  const { busy, problem, run } = useAction();
  const nameOf = shownNames(members);
  const add = () => run(async () => {
    missing([['address', address.trim() !== '', 'mail.address_missing'], ['to', kind === 'box' || list(to).length > 0, 'mail.to_missing']]);
    if (kind === 'box') await call('POST', `/api/v1/associations/${slug}/mailboxes`, { address: address.trim(), login });
    else await call('POST', `/api/v1/associations/${slug}/aliases`, { address: address.trim(), to: list(to), may_send: send });
    onDone(address.trim());
  });
  return (
    <form class="form panel" noValidate aria-labelledby="add-address" onSubmit={(event) => { event.preventDefault(); void add(); }}>
      <h3 id="add-address">{t(kind === 'box' ? 'mail.box_add' : 'mail.redirect_add')}</h3>
      {kind === 'redirect' && <p class="soft">{t('mail.redirect_hint')}</p>}
      <ErrorSummary problem={problem} labels={{ address: t('mail.address'), to: t('mail.to'), login: t('mail.whose') }} />
      <Field name="address" label={t('mail.address')} example={t('mail.address_example', { domain })} inputmode="email"
        value={address} onValue={setAddress} error={errorOf(problem, 'address')} required />
      {kind === 'redirect' ? (
        <>
          <Field name="to" label={t('mail.to')} example={t('mail.to_example')} value={to} onValue={setTo} error={errorOf(problem, 'to')} required />
          <Check label={t('mail.may_send')} checked={send} onValue={setSend} />
        </>
      ) : (
        <label class="pick" for="field-login">{t('mail.whose')}
          <select id="field-login" value={login} onChange={(event) => setLogin(event.currentTarget.value)}>
            {members.map((one) => <option key={one.login} value={one.login}>{nameOf(one.login)}</option>)}
          </select></label>
      )}
      <p class="verbs"><Button type="submit" kind="main" busy={busy}>{t('add')}</Button><Button onClick={() => onDone('')}>{t('cancel')}</Button></p>
    </form>
  );
}

/** `onMoved`: a mailbox came or went; it may be one of the reader's own. */
export function Addresses({ slug, onMoved }: { slug: string; onMoved: () => void }) {
  const { offerUndo } = useMember();
  const boxes = useLoad(slug, () => getAll<Mailbox>(`/api/v1/associations/${slug}/mailboxes`));
  const aliases = useLoad(slug, () => getAll<Alias>(`/api/v1/associations/${slug}/aliases`));
  const members = useLoad(slug, () => getAll<Member>(`/api/v1/associations/${slug}/members`));
  const about = useLoad(slug, () => get<{ domains: string[] }>(`/api/v1/associations/${slug}`));
  const [adding, setAdding] = useState<Adding>('none');
  const [said, setSaid] = useState('');
  const heading = useRef<HTMLHeadingElement>(null);
  const nameOf = shownNames(members.data ?? []);
  const boxRows = useMore(boxes.data ?? [], shown_first);
  const aliasRows = useMore(aliases.data ?? [], shown_first);
  const done = (text: string) => {
    setAdding('none');
    setSaid(text);
    boxes.reload();
    aliases.reload();
    onMoved();
    heading.current?.focus();
  };
  const bin = useBoxBin(slug, done);
  const removeAlias = (alias: Alias) => {
    // What was said before may be about this very address.
    setSaid('');
    const kept = aliases.data ?? [];
    aliases.set(kept.filter((one) => one.address !== alias.address));
    offerUndo(t('mail.redirect_removing', { address: alias.address }), () => aliases.set(kept), {
      work: () => call('DELETE', `/api/v1/associations/${slug}/aliases/${encodeURIComponent(alias.address)}`).finally(aliases.reload),
      done: t('mail.redirect_removed', { address: alias.address }),
    });
  };
  const problem = boxes.problem ?? aliases.problem;
  return (
    <section aria-labelledby="addresses">
      <h2 id="addresses" tabIndex={-1} ref={heading}>{t('mail.addresses')}</h2>
      {said && <Notice tone="good"><p>{said}</p></Notice>}
      {problem ? <ProblemNotice problem={problem} /> : !boxes.data || !aliases.data ? <Loading />
        : boxes.data.length + aliases.data.length === 0 ? <p>{t('mail.addresses_none')}</p> : (
          <ul class="rows">
            {boxRows.shown.map((box) => (
              <BoxRow key={box.address} slug={slug} box={box} owner={nameOf(box.login)} onChanged={() => { boxes.reload(); aliases.reload(); }}
                onRemove={() => bin.remove(box)} />
            ))}
            {aliasRows.shown.map((alias) => (
              <AliasRow key={alias.address} slug={slug} alias={alias} onChanged={aliases.reload} onRemove={() => removeAlias(alias)} />
            ))}
          </ul>
        )}
      <More left={boxRows.left + aliasRows.left} onMore={() => { boxRows.more(); aliasRows.more(); }} />
      {about.data?.domains.length === 0 ? <p class="soft">{t('mail.no_domain')}</p> : adding === 'none' ? (
        <p class="verbs"><Button onClick={() => { setSaid(''); setAdding('redirect'); }}>{t('mail.redirect_add')}</Button>
          <Button onClick={() => { setSaid(''); setAdding('box'); }}>{t('mail.box_add')}</Button></p>
      ) : (
        <AddAddress key={adding} slug={slug} kind={adding} domain={about.data?.domains[0] ?? 'association.org'} members={members.data ?? []}
          onDone={(address) => (address ? done(t('mail.added', { address })) : setAdding('none'))} />
      )}
      {about.data && about.data.domains.length > 0 && <p><a href="/domains">{t('domains.link')}</a></p>}
      <BoxBin slug={slug} nameOf={nameOf} bin={bin} />
    </section>
  );
}
