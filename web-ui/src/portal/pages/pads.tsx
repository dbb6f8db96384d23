// Écrire: the texts of the association. Create with a template, find by title, throw away with an undo bar.
import { useState } from 'preact/hooks';
import { call, getAll, type Pad, Problem } from '../../common/api';
import { useAction, useLoad } from '../../common/hooks';
import { day, list, t, tn, when } from '../../common/i18n';
import { Button, Choice, ErrorSummary, Field, Loading, ProblemNotice, Window, errorOf } from '../../common/parts';
import { slugOf } from '../names';
import { useMember } from '../state';

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

const plain = (text: string) => text.normalize('NFD').replace(/\p{M}/gu, '').toLocaleLowerCase();

export function Pads() {
  const { association, session, manages, offerUndo } = useMember();
  const slug = association?.slug ?? null;
  const pads = useLoad(slug, () => getAll<Pad>(`/api/v1/associations/${slug}/pads`));
  const action = useAction();
  const [creating, setCreating] = useState(false);
  const [search, setSearch] = useState('');
  const [all, setAll] = useState(false);
  if (!slug) return <><h1 tabIndex={-1}>{t('nav.pads')}</h1><p>{t('home.no_association')}</p></>;

  const found = (pads.data ?? []).filter((pad) => plain(pad.title).includes(plain(search.trim())))
    .sort((a, b) => b.updated.localeCompare(a.updated));
  const shown = all ? found : found.slice(0, shown_first);
  const mayRemove = (pad: Pad) => pad.may_manage ?? manages;

  const remove = (pad: Pad) => action.run(async () => {
    await call('DELETE', `/api/v1/pads/${pad.id}`);
    pads.set((pads.data ?? []).filter((one) => one.id !== pad.id));
    offerUndo(t('pads.binned', { title: pad.title, date: day(Date.now() + bin_ms) }), () => {
      void action.run(() => call('POST', `/api/v1/pads/${pad.id}/restore`, {})).then(() => pads.reload());
    });
  });

  return (
    <>
      <h1 tabIndex={-1}>{t('nav.pads')}</h1>
      <p class="soft">{t('pads.intro')}</p>
      {creating ? <NewPad slug={slug} onClose={() => setCreating(false)} />
        : <p class="verbs"><Button kind="main" onClick={() => setCreating(true)}>{t('pads.new_verb')}</Button></p>}
      {action.problem && <ProblemNotice problem={action.problem} />}
      {pads.problem ? <ProblemNotice problem={pads.problem} /> : !pads.data ? <Loading /> : (
        <section aria-labelledby="pads-list">
          <h2 id="pads-list">{tn('pads.count', pads.data.length)}</h2>
          {pads.data.length > 5 && (
            <div role="search"><Field name="search" label={t('pads.search')} value={search} onValue={setSearch} type="search" /></div>
          )}
          {search && <p role="status" class="soft">{tn('pads.found', found.length)}</p>}
          <ul class="rows">
            {shown.map((pad) => (
              <li key={pad.id}>
                <div>
                  <a class="row-title" href={`/pads/${pad.id}`}>{pad.title}</a>
                  <p class="soft">
                    {pad.here.length > 0
                      ? <><Window light="lit" /> {tn('pads.here', pad.here.length, { names: list(pad.here.slice(0, 3)) })}</>
                      : t('pads.last', { name: pad.updated_by === session.name ? t('you') : pad.updated_by, when: when(pad.updated) })}
                    {pad.access.link !== 'none' && <> · {t(`pads.link.${pad.access.link}`)}</>}
                  </p>
                </div>
                {mayRemove(pad) && (
                  <Button kind="danger" label={t('pads.remove_what', { title: pad.title })} onClick={() => void remove(pad)}>{t('pads.remove')}</Button>
                )}
              </li>
            ))}
          </ul>
          {found.length > shown.length && <p><Button onClick={() => setAll(true)}>{tn('more', found.length - shown.length)}</Button></p>}
        </section>
      )}
    </>
  );
}
