// What is new: the notes of each release, the newest first. The page of admins (status.tsx) leads here, but nothing in it is theirs alone:
// every member who types the address may read it. Static: the notes came with the programs, and nobody is asked.
import { t } from '../../common/i18n';

/** Of CHANGELOG.md, what an association notices. The first is the version of these pages; tests/tidy/package holds it. */
const releases = ['0.1.0'] as const;

export function News() {
  return (
    <>
      <h1 tabIndex={-1}>{t('title.news')}</h1>
      <p>{t('news.intro')}</p>
      {releases.map((version) => {
        const key = `news.${version.replaceAll('.', '_')}`;
        return (
          <section key={version} aria-labelledby={key}>
            <h2 id={key}>{t('news.version', { version })}</h2>
            <ul className="notes">{t(key).split('\n').map((line) => <li key={line}>{line}</li>)}</ul>
          </section>
        );
      })}
      <p><a href="/status">{t('title.status')}</a></p>
    </>
  );
}
