// Écrire: the texts of the association. Create with a template, find by title, throw away with an undo bar.
import { useEffect, useState } from 'preact/hooks';
import { call, getAll, type Pad, Problem } from '../../common/api';
import { useAction, useLoad, useMore } from '../../common/hooks';
import { day, list, t, tn } from '../../common/i18n';
import { Button, Choice, EraseDialog, ErrorSummary, Field, Loading, More, ProblemNotice, Window, errorOf } from '../../common/parts';
import { forgetUnreadable } from '../../common/leaving';
import { Share } from '../../common/share';
import { plain } from '../../common/same-names';
import { slugOf } from '../names';
import { keepSeen, seenHere } from '../seen';
import { useMember } from '../state';
import { lastWritten } from '../written';
import { AwayNotice, KeptTexts } from './away';
import { BringButton, BringPlace, BroughtList } from './bring';

const shown_first = 20;
type Template = 'none' | 'minutes' | 'agenda' | 'attendance';
const templates: Template[] = ['none', 'minutes', 'agenda', 'attendance'];
const bin_ms = 30 * 24 * 3600 * 1000;

function NewPad({ slug, onClose }: { slug: string; onClose: () => void }) {
  const [title, setTitle] = useState('');
  const [template, setTemplate] = useState<Template>('none');
  const { busy, problem, run } = useAction();
  const create = () => run(async () => {
    if (!title.trim()) {
      throw new Problem(422, 'fields', t('form.mend'), [{ field: 'title', message: t('pads.title_missing') }]);
    }
    const base = slugOf(title) || 'texte';
    for (let turn = 1; ; turn += 1) {
      try {
        const made = await call<{ id: string }>('POST', `/api/v1/associations/${slug}/pads`, {
          slug: turn === 1 ? base : `${base}-${turn}`, title: title.trim(), ...(template === 'none' ? {} : { template }),
        });
        location.assign(`/pads/${made.id}`);
        // The button stays busy until the text opens: a second click would make a second text.
        await new Promise(() => undefined);
        return;
      } catch (error) {
        if (!(error instanceof Problem) || error.status !== 409 || turn >= 30) throw error;
      }
    }
  });
  return (
    <form class="form panel" noValidate onSubmit={(event) => { event.preventDefault(); void create(); }} aria-labelledby="new-pad">
      <h2 id="new-pad">{t('pads.new')}</h2>
      <ErrorSummary problem={problem} labels={{ title: t('pads.title_label') }} />
      <Field name="title" label={t('pads.title_label')} example={t('pads.title_example')} value={title} onValue={setTitle}
        error={errorOf(problem, 'title')} spellcheck required />
      <Choice label={t('pads.template')} name="template" value={template} onValue={setTemplate}
        choices={templates.map((value) => ({ value, label: t(`template.${value}`), hint: t(`template.${value}.hint`) }))} />
      <p class="verbs"><Button type="submit" kind="main" busy={busy}>{t('pads.create')}</Button>
        <Button onClick={onClose}>{t('cancel')}</Button></p>
    </form>
  );
}

interface RowProps { pad: Pad; me: string; onChanged: (pad: Pad) => void; onRemove: () => void }
function PadRow({ pad, me, onChanged, onRemove }: RowProps) {
  const [open, setOpen] = useState(false);
  const id = `share-${pad.id}`;
  const shareable = pad.may_manage || pad.access.link !== 'none';
  return (
    <li>
      <div>
        <a class="row-title" href={`/pads/${pad.id}`}>{pad.title}</a>
        <p class="soft">
          {pad.here.length > 0
            ? <><Window light="lit" /> {tn('pads.here', pad.here.length, { names: list(pad.here.slice(0, 3)) })}</>
            : lastWritten(pad, me)}
        </p>
        <p class="soft">{pad.access.people?.length ? tn('pads.people_only', pad.access.people.length)
          : `${t(`pads.members.${pad.access.members}`)}, ${t(`pads.link.${pad.access.link}`)}`}</p>
      </div>
      <span class="verbs">
        {shareable && <button type="button" class="button outlined" aria-expanded={open} aria-controls={id}
          aria-label={t('pads.share_what', { title: pad.title })} onClick={() => setOpen(!open)}>{t('pads.share')}</button>}
        {pad.may_manage && <Button kind="danger" label={t('pads.remove_what', { title: pad.title })} onClick={onRemove}>{t('pads.remove')}</Button>}
      </span>
      {open && <div class="row-more" id={id}><Share pad={pad} onChanged={onChanged} /></div>}
    </li>
  );
}

/** What was thrown away and can still be taken back; looked at again with each `turn`. */
function BinList({ slug, turn, onRestored }: { slug: string; turn: number; onRestored: (pad: Pad) => void }) {
  const pads = useLoad(slug, () => getAll<Pad>(`/api/v1/associations/${slug}/pads?bin=1`));
  useEffect(() => { if (turn > 0) pads.reload(); }, [turn]);
  const action = useAction();
  const [erasing, setErasing] = useState<Pad | null>(null);
  const erase = async (pad: Pad) => {
    await call('DELETE', `/api/v1/pads/${pad.id}?purge=1`);
    pads.set((pads.data ?? []).filter((one) => one.id !== pad.id));
  };
  const restore = (pad: Pad) => action.run(async () => {
    await call('POST', `/api/v1/pads/${pad.id}/restore`, {});
    pads.set((pads.data ?? []).filter((one) => one.id !== pad.id));
    onRestored(pad);
  });
  if (pads.problem) return <ProblemNotice problem={pads.problem} />;
  if (!pads.data) return <Loading />;
  return (
    <>
      {action.problem && <ProblemNotice problem={action.problem} />}
      {pads.data.length === 0 ? <p>{t('pads.bin_empty')}</p> : (
        <ul class="rows">
          {pads.data.map((pad) => (
            <li key={pad.id}>
              <div><p class="row-title">{pad.title}</p>{pad.gone && <p class="soft">{t('pads.bin_until', { date: day(pad.gone) })}</p>}</div>
              <span class="verbs">
                <Button label={t('pads.restore_what', { title: pad.title })} onClick={() => void restore(pad)}>{t('pads.restore')}</Button>
                {pad.may_manage && <Button kind="danger" label={t('pads.erase_what', { title: pad.title })} onClick={() => setErasing(pad)}>{t('erase')}</Button>}
              </span>
            </li>
          ))}
        </ul>
      )}
      {erasing && <EraseDialog title={t('pads.erase')} text={t('pads.erase_text', { title: erasing.title })} name={erasing.title}
        onErase={() => erase(erasing)} onClose={() => setErasing(null)} />}
    </>
  );
}

/** The network went while the portal was open. */
function NoNetwork({ again }: { again: () => void }) {
  return (
    <>
      <h1 tabIndex={-1}>{t('nav.pads')}</h1>
      <AwayNotice seen={seenHere()} />
      <p class="verbs"><Button kind="main" onClick={again}>{t('again')}</Button></p>
      <KeptTexts />
    </>
  );
}

export function Pads() {
  const { association, session, offerUndo, dropUndo, say } = useMember();
  const [bin, setBin] = useState(false);
  // How often something went into the bin or came out of it, so that an open list of it stays true.
  const [turn, setTurn] = useState(0);
  const slug = association?.slug ?? null;
  const pads = useLoad(slug, async () => {
    const all = await getAll<Pad>(`/api/v1/associations/${slug}/pads`);
    void forgetUnreadable(all.map((one) => one.id));
    keepSeen(session, association!, all);
    return all;
  });
  const action = useAction();
  const [creating, setCreating] = useState(false);
  const [search, setSearch] = useState('');
  const found = (pads.data ?? []).filter((pad) => plain(pad.title).includes(plain(search)))
    .sort((a, b) => b.updated.localeCompare(a.updated));
  const { shown, left, more } = useMore(found, shown_first);
  if (!slug) return <><h1 tabIndex={-1}>{t('nav.pads')}</h1><p>{t('home.no_association')}</p></>;
  if (pads.problem?.status === 0 && !pads.data && seenHere()) return <NoNetwork again={pads.reload} />;

  const remove = (pad: Pad) => action.run(async () => {
    await call('DELETE', `/api/v1/pads/${pad.id}`);
    pads.set((pads.data ?? []).filter((one) => one.id !== pad.id));
    setTurn((now) => now + 1);
    offerUndo(t('pads.binned', { title: pad.title, date: day(Date.now() + bin_ms) }), () => {
      void action.run(() => call('POST', `/api/v1/pads/${pad.id}/restore`, {})).then((worked) => {
        if (worked) say(t('pads.restored', { title: pad.title }));
        setTurn((now) => now + 1);
        pads.reload();
      });
    });
  });

  return (
    <>
      <h1 tabIndex={-1}>{t('nav.pads')}</h1>
      <p class="soft">{t('pads.intro')}</p>
      {creating ? <NewPad slug={slug} onClose={() => setCreating(false)} />
        : <><p class="verbs"><Button kind="main" onClick={() => setCreating(true)}>{t('pads.new_verb')}</Button><BringButton slug={slug} /></p>
          <p class="soft">{t('pads.bring_hint')}</p></>}
      <BroughtList slug={slug} onBrought={pads.reload} />
      {action.problem && <ProblemNotice problem={action.problem} />}
      {pads.problem ? <ProblemNotice problem={pads.problem} /> : !pads.data ? <Loading /> : (
        <BringPlace slug={slug}><section aria-labelledby="pads-list">
          <h2 id="pads-list">{tn('pads.count', pads.data.length)}</h2>
          {pads.data.length > 5 && (
            <div role="search"><Field name="search" label={t('pads.search')} value={search} onValue={setSearch} type="search" /></div>
          )}
          {search && <p role="status" class="soft">{tn('pads.found', found.length)}</p>}
          <ul class="rows">
            {shown.map((pad) => (
              <PadRow key={pad.id} pad={pad} me={session.name} onRemove={() => void remove(pad)}
                onChanged={(changed) => pads.set((pads.data ?? []).map((one) => (one.id === changed.id ? changed : one)))} />
            ))}
          </ul>
          <More left={left} onMore={more} />
        </section></BringPlace>
      )}
      <section aria-labelledby="bin">
        <h2 id="bin">{t('pads.bin')}</h2>
        {bin && <BinList slug={slug} turn={turn} onRestored={(pad) => { dropUndo(); say(t('pads.restored', { title: pad.title })); pads.reload(); }} />}
        <p><button type="button" class="button outlined" aria-expanded={bin} onClick={() => setBin(!bin)}>{t(bin ? 'pads.bin_close' : 'pads.bin_open')}</button></p>
      </section>
    </>
  );
}
