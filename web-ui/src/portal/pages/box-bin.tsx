// The bin of mailboxes, for managers: what was removed in the last 30 days, the way back, and the end. Used by addresses.tsx.
import { useState } from 'preact/hooks';
import { call, getAll, type Mailbox } from '../../common/api';
import { useAction, useLoad } from '../../common/hooks';
import { day, t } from '../../common/i18n';
import { Button, EraseDialog, Loading, ProblemNotice } from '../../common/parts';
import { useMember } from '../state';

const bin_ms = 30 * 24 * 3600 * 1000;
type Binned = Mailbox & { deleted: string; gone: string };

interface BinnedProps { slug: string; nameOf: (login: string) => string; onRestored: (address: string, warnings: string[]) => void; onErased: (address: string) => void }
/** The mailboxes that were removed in the last 30 days: the way back, and the end. */
function BinnedBoxes({ slug, nameOf, onRestored, onErased }: BinnedProps) {
  const boxes = useLoad(slug, () => getAll<Binned>(`/api/v1/associations/${slug}/mailboxes?bin=1`));
  const [erasing, setErasing] = useState<Binned | null>(null);
  const action = useAction();
  const path = (box: Binned) => `/api/v1/associations/${slug}/mailboxes/${encodeURIComponent(box.address)}`;
  const restore = (box: Binned) => void action.run(async () => {
    const back = await call<{ warnings: string[] }>('POST', `${path(box)}/restore`, {});
    onRestored(box.address, back.warnings);
  });
  if (boxes.problem) return <ProblemNotice problem={boxes.problem} />;
  if (!boxes.data) return <Loading />;
  const rows = [...boxes.data].sort((a, b) => b.deleted.localeCompare(a.deleted));
  return (
    <>
      {action.problem && <ProblemNotice problem={action.problem} />}
      <p class="soft">{t('mail.bin_hint')}</p>
      {rows.length === 0 ? <p>{t('pads.bin_empty')}</p> : (
        <ul class="rows">
          {rows.map((box, i) => (
            <li key={`${box.address}${i}`}>
              <div><p class="row-title mono">{box.address}</p>
                <p class="soft">{[box.login ? t('mail.box_of', { name: nameOf(box.login) }) : '', t('pads.bin_until', { date: day(box.gone) })].filter(Boolean).join(' · ')}</p></div>
              <span class="verbs">
                <Button busy={action.busy} label={t('mail.box_restore_what', { address: box.address })} onClick={() => restore(box)}>{t('pads.restore')}</Button>
                <Button kind="danger" label={t('mail.box_erase_what', { address: box.address })} onClick={() => setErasing(box)}>{t('mail.box_erase')}</Button>
              </span>
            </li>
          ))}
        </ul>
      )}
      {erasing && <EraseDialog title={t('mail.box_erase')} text={t('mail.box_erase_text', { address: erasing.address })} name={erasing.address}
        onClose={() => setErasing(null)} onErase={async () => { await call('DELETE', `${path(erasing)}?purge=1`); onErased(erasing.address); }} />}
    </>
  );
}

/** Into the bin and back. `onMoved` says what happened and looks at the addresses again. */
export function useBoxBin(slug: string, onMoved: (text: string) => void) {
  const { offerUndo, dropUndo } = useMember();
  // How often something went into the bin or came out of it, so that an open list of it stays true.
  const [turn, setTurn] = useState(0);
  const undoing = useAction();
  const moved = (text: string) => {
    setTurn((now) => now + 1);
    onMoved(text);
  };
  const restored = (address: string, warnings: string[]) => {
    dropUndo();
    moved([t('mail.box_restored', { address }), ...warnings].join(' '));
  };
  const erased = (address: string) => {
    dropUndo();
    moved(t('mail.box_erased', { address }));
  };
  const remove = async (box: Mailbox) => {
    const path = `/api/v1/associations/${slug}/mailboxes/${encodeURIComponent(box.address)}`;
    await call('DELETE', path);
    moved('');
    offerUndo(t('mail.box_binned', { address: box.address, date: day(Date.now() + bin_ms) }), () => void undoing.run(async () => {
      const back = await call<{ warnings: string[] }>('POST', `${path}/restore`, {});
      restored(box.address, back.warnings);
    }));
  };
  return { remove, restored, erased, turn, problem: undoing.problem };
}

interface BoxBinProps { slug: string; nameOf: (login: string) => string; bin: ReturnType<typeof useBoxBin> }
export function BoxBin({ slug, nameOf, bin }: BoxBinProps) {
  const [open, setOpen] = useState(false);
  return (
    <>
      {bin.problem && <ProblemNotice problem={bin.problem} />}
      {open && <BinnedBoxes key={bin.turn} slug={slug} nameOf={nameOf} onRestored={bin.restored} onErased={bin.erased} />}
      <p class="verbs"><button type="button" class="button outlined" aria-expanded={open} onClick={() => setOpen(!open)}>
        {t(open ? 'pads.bin_close' : 'pads.bin_open')}</button></p>
    </>
  );
}
