// How full the association is, for those who manage it: a sentence, a bar, and near the end what to do. On the home page.
import { get } from '../../common/api';
import { useLoad } from '../../common/hooks';
import { list, number, size, t } from '../../common/i18n';
import { Loading, Notice, Phrase } from '../../common/parts';

interface Usage { quota_bytes: number; used_bytes: number; warning_percent: number; services: { name: string; bytes: number }[] }

const named = ['mail', 'sites', 'pads'];

/** "courrier 1,2 Go, sites 300 Mo et textes 2 Mo": the largest first. */
function parts(usage: Usage): string {
  const known = usage.services.filter((one) => named.includes(one.name) && one.bytes > 0).sort((a, b) => b.bytes - a.bytes);
  return list(known.map((one) => t(`usage.${one.name}`, { size: size(one.bytes) })));
}

export function UsageBlock({ slug }: { slug: string }) {
  const { data, problem } = useLoad(slug, () => get<Usage>(`/api/v1/associations/${slug}/usage`));
  const part = data && data.quota_bytes > 0 ? Math.min(100, Math.floor((data.used_bytes * 100) / data.quota_bytes)) : 0;
  return (
    <section class="block usage" aria-labelledby="home-usage">
      <h2 id="home-usage">{t('usage.title')}</h2>
      {problem ? <Phrase light="stopped">{problem.detail}</Phrase> : !data ? <Loading /> : (
        <>
          <p>{data.quota_bytes > 0 ? t('usage.of', { used: size(data.used_bytes), total: size(data.quota_bytes), n: number(part) }) : t('usage.free', { used: size(data.used_bytes) })}
            {parts(data) && <span class="soft">{parts(data)}</span>}</p>
          {data.quota_bytes > 0 && <meter class={data.warning_percent >= 89 ? 'serious' : data.warning_percent >= 80 ? 'attention' : ''}
            min={0} max={100} value={part} aria-labelledby="home-usage">{number(part)} %</meter>}
          {data.warning_percent >= 89 ? <Notice tone="serious"><p>{t(data.warning_percent >= 95 ? 'usage.serious' : 'usage.mail_only')}</p><p>{t('usage.what')}</p></Notice>
            : data.warning_percent >= 80 && <Notice tone="attention"><p>{t('usage.attention')}</p><p>{t('usage.what')}</p></Notice>}
        </>
      )}
    </section>
  );
}
