// The state of the house, for admins: services with their lit windows, checks with advice, every process in figures.
import { get, type Status } from '../../common/api';
import { useLoad } from '../../common/hooks';
import { has, number, size, t, tn } from '../../common/i18n';
import { Button, type Light, Loading, Phrase, ProblemNotice, Window } from '../../common/parts';
import { Associations } from './associations';

export function lightOf(state: string): Light {
  if (/^(ready|running|starting)$/.test(state)) return 'lit';
  return /^(asleep|idle|sleeping)$/.test(state) ? 'asleep' : 'stopped';
}
const knownStates = ['ready', 'running', 'starting', 'asleep', 'stopped', 'off', 'failed', 'stopping'];
const knownWalls = ['own uids', 'seccomp', 'landlock'];
const stateText = (state: string) => (knownStates.includes(state) ? t(`state.${state}`) : state);

/** A module of somebody else may have checks that no catalogue names. */
function checkName(name: string): string {
  const key = `check.${name.replaceAll(' ', '_')}`;
  return has(key) ? t(key) : name;
}

export function duration(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return tn('status.minutes', minutes);
  return minutes < 48 * 60 ? tn('status.hours', Math.floor(minutes / 60)) : tn('status.days', Math.floor(minutes / 1440));
}

export function StatusPage() {
  const status = useLoad('status', () => get<Status>('/api/v1/status'));
  if (status.problem) return <><h1 tabIndex={-1}>{t('title.status')}</h1><ProblemNotice problem={status.problem} /></>;
  if (!status.data) return <><h1 tabIndex={-1}>{t('title.status')}</h1><Loading /></>;
  const { services, processes, walls } = status.data;
  const total = processes.reduce((sum, one) => sum + one.pss_kb, 0);
  const failed = services.flatMap((service) => service.checks.filter((check) => !check.passed));
  return (
    <>
      <h1 tabIndex={-1}>{t('title.status')}</h1>
      <Phrase light={failed.length > 0 ? 'stopped' : 'lit'} live>{failed.length > 0 ? tn('status.failed', failed.length) : t('status.well')}</Phrase>
      <p class="soft">{t(processes.some((one) => one.memory === 'rss') ? 'home.memory_about' : 'home.memory', { size: size(total * 1024) })} {tn('home.asleep', processes.filter((one) => lightOf(one.state) === 'asleep').length)}</p>
      <p class="verbs"><Button onClick={status.reload}>{t('status.again')}</Button> <a href="/diagnosis">{t('status.diagnosis')}</a> <a href="/energy">{t('status.energy')}</a> <a href="/news">{t('status.news')}</a></p>
      <section aria-labelledby="services">
        <h2 id="services">{t('status.services')}</h2>
        <ul class="rows">
          {services.map((service) => (
            <li key={service.name}><div>
              <p class="row-title"><Window light={lightOf(service.state)} /> {t(`service.${service.name}`)} <span class="soft">{stateText(service.state)}</span></p>
              {service.checks.filter((check) => !check.passed).map((check) => <p key={check.name} class="failed-check"><strong>{checkName(check.name)}</strong>{t('error.colon')}{check.advice}</p>)}
              {service.checks.length > 0 && service.checks.every((check) => check.passed) && <p class="soft">{tn('status.checks_passed', service.checks.length)}</p>}
            </div></li>
          ))}
        </ul>
      </section>
      <Associations />
      <section>
        <h2 id="processes">{t('status.processes')}</h2>
        <div class="table-scroll" tabIndex={0} role="region" aria-labelledby="processes">
          <table>
            <thead><tr>
              <th scope="col">{t('status.name')}</th><th scope="col">{t('status.state')}</th><th scope="col" class="figure">{t('status.memory')}</th>
              <th scope="col" class="figure">{t('status.cpu')}</th><th scope="col" class="figure">{t('status.wakeups')}</th>
              <th scope="col" class="figure">{t('status.restarts')}</th><th scope="col" class="figure">{t('status.since')}</th>
            </tr></thead>
            <tbody>
              {processes.map((one) => (
                <tr key={one.name}>
                  <th scope="row">{one.name}</th><td data-name={t('status.state')}><Window light={lightOf(one.state)} /> {stateText(one.state)}</td>
                  <td class="figure" data-name={t('status.memory')}>{one.pss_kb > 0 ? size(one.pss_kb * 1024) : '–'}</td><td class="figure" data-name={t('status.cpu')}>{number(Math.round(one.cpu_ms / 100) / 10)}</td>
                  <td class="figure" data-name={t('status.wakeups')}>{number(one.wakeups)}</td><td class="figure" data-name={t('status.restarts')}>{number(one.restarts)}</td>
                  <td class="figure" data-name={t('status.since')}>{one.pid > 0 ? duration(one.uptime_ms) : '–'}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </section>
      <section aria-labelledby="walls"><h2 id="walls">{t('status.walls')}</h2><p>{t('status.walls_text')}</p>
        <ul class="rows">{knownWalls.map((wall) => (
          <li key={wall}><p><Window light={walls.includes(wall) ? 'lit' : 'stopped'} /> {t(`wall.${wall.replace(' ', '_')}`)} <span class="soft">{t(walls.includes(wall) ? 'wall.stands' : 'wall.missing')}</span></p></li>
        ))}</ul></section>
    </>
  );
}
