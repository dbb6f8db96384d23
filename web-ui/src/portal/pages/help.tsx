// Help: short answers to what people ask. Static.
import { t } from '../../common/i18n';

const topics = ['write', 'offline', 'keys', 'site', 'mail', 'shared', 'forgot', 'privacy'] as const;
const keys = ['bold', 'italic', 'underline', 'heading', 'list', 'task', 'link', 'undo', 'toolbar', 'leave'] as const;

export function Help() {
  return (
    <>
      <h1 tabIndex={-1}>{t('title.help')}</h1>
      <nav aria-label={t('help.contents')}><ul class="quiet-links">
        {topics.map((topic) => <li key={topic}><a href={`#${topic}`}>{t(`help.${topic}`)}</a></li>)}
      </ul></nav>
      {topics.map((topic) => (
        <section key={topic} aria-labelledby={topic}>
          <h2 id={topic} tabIndex={-1}>{t(`help.${topic}`)}</h2>
          {t(`help.${topic}.text`).split('\n').map((line, i) => <p key={i}>{line}</p>)}
          {topic === 'keys' && (
            <dl class="keys">{keys.map((key) => <div key={key}><dt><kbd>{t(`key.${key}`)}</kbd></dt><dd>{t(`key.${key}.does`)}</dd></div>)}</dl>
          )}
        </section>
      ))}
      <p class="soft">{t('help.whom')}</p>
    </>
  );
}
