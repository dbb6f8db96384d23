// The certificates of erasure, for admins of the house: what was erased, how much of it, and when. Used by associations.tsx.
import { getAll } from '../../common/api';
import { useLoad } from '../../common/hooks';
import { day, has, list, size, t, tn } from '../../common/i18n';
import { ProblemNotice } from '../../common/parts';

interface Facts {
  members?: number; accounts?: number; groups?: number;
  services?: Record<string, Record<string, number>>; bytes?: Record<string, number>; mail_off?: boolean;
}
interface Erasure { id: string; association: string; name: string; by: 'admin' | 'time'; removed: string | null; begun: string; done: string | null; facts: Facts }

/** "12 membres, 3 boîtes, 2 sites": what there was some of. */
function counts(facts: Facts): string {
  const all: Record<string, number> = { members: facts.members ?? 0, accounts: facts.accounts ?? 0, groups: facts.groups ?? 0 };
  for (const service of Object.values(facts.services ?? {})) Object.assign(all, service);
  return list(Object.entries(all).filter(([name, n]) => n > 0 && has(`erasure.${name}.other`)).map(([name, n]) => tn(`erasure.${name}`, n)));
}

export function Erasures({ turn }: { turn: number }) {
  const erased = useLoad(`erasures ${turn}`, () => getAll<Erasure>('/api/v1/erasures'));
  if (erased.problem) return <ProblemNotice problem={erased.problem} />;
  if (!erased.data || erased.data.length === 0) return null;
  return (
    <>
      <h3>{t('erasure.title')}</h3>
      <p class="soft">{t('erasure.hint')}</p>
      <ul class="rows">
        {erased.data.map((one) => {
          const bytes = Object.values(one.facts.bytes ?? {}).reduce((sum, n) => sum + n, 0);
          return (
            <li key={one.id}>
              <div><p class="row-title">{one.name} <span class="soft">({one.association})</span></p>
                <p class="soft">{t(one.by === 'time' ? 'erasure.by_time' : 'erasure.by_admin', { date: day(one.begun) })} {counts(one.facts)}{bytes > 0 && `, ${size(bytes)}`}.</p>
                {one.done ? <p class="soft">{t('erasure.done', { date: day(one.done) })}</p> : <p class="failed-check">{t('erasure.going')}</p>}
                {one.facts.mail_off && <p class="failed-check">{t('erasure.mail_off')}</p>}
                <p class="soft mono">{t('erasure.id', { id: one.id })}</p></div>
            </li>
          );
        })}
      </ul>
    </>
  );
}
