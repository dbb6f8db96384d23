// What the services of the house used, by day, for its admins: quiet plots, a table, and what would help most. Watts only where the machine
// reports them or the admin wrote them into the settings. status.tsx leads here.
import { get } from '../../common/api';
import { useLoad } from '../../common/hooks';
import { day as dayName, has, language, number, size, t } from '../../common/i18n';
import { Loading, Phrase, ProblemNotice } from '../../common/parts';

interface Use { name: string; cpu_ms: number; wakeups: number; read_bytes: number; written_bytes: number }
/** seen_s: how long the house ran and counted. watt_hours: null, not known. */
interface Day { date: string; seen_s: number; received_bytes: number; sent_bytes: number; watt_hours: number | null; services: Use[] }
interface Advice { code: string; service: string | null; amount: number }
interface Energy { days: Day[]; power: { source: 'none' | 'stated' | 'processor' | 'machine'; watts: number | null }; advice: Advice[] }

const shown_days = 35;
const summed_days = 7;
const day_s = 86_400;
/** Below this an average would be that of a start. */
const known_s = 6 * 3600;

type Measure = (day: Day) => number;
const sum = (list: number[]) => list.reduce((all, one) => all + one, 0);
const ofServices = (of: (use: Use) => number): Measure => (day) => sum(day.services.map(of));
const cpu = (use: Use) => use.cpu_ms / 1000;
const wakeups = (use: Use) => use.wakeups;
const disk = (use: Use) => use.read_bytes + use.written_bytes;

const decimal = (value: number, digits: number) => new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value);
/** Two figures that say something: 1234 s, 12.3 s, 0.12 s. */
const seconds = (value: number) => t('energy.seconds', { n: decimal(value, value >= 100 ? 0 : value >= 1 ? 1 : 2) });
const kilowattHours = (value: number) => t('energy.kwh', { n: decimal(value / 1000, 2) });
const whole = (value: number) => number(Math.round(value));

function nameOf(name: string): string {
  const key = `energy.name.${name}`;
  return has(key) ? t(key) : name;
}

/** One place for each of the last days, the newest last; a day that nobody counted has none. */
function places(days: Day[], measure: (day: Day) => number | null): (number | null)[] {
  const last = Date.parse(days[days.length - 1]?.date ?? '');
  return Array.from({ length: shown_days }, (_, place) => {
    const date = new Date(last - (shown_days - 1 - place) * day_s * 1000).toISOString().slice(0, 10);
    const found = days.find((one) => one.date === date);
    return found ? measure(found) : null;
  });
}

function Bars({ values, label, small = false }: { values: (number | null)[]; label: string; small?: boolean }) {
  const most = Math.max(...values.map((value) => value ?? 0));
  const height = 40;
  return (
    <svg class={small ? 'bars small' : 'bars'} viewBox={`0 0 ${shown_days * 4} ${height + 1}`} preserveAspectRatio="none" role="img" aria-label={label} focusable="false">
      {values.map((value, place) => {
        if (value === null) return null;
        const tall = most > 0 ? Math.max((value / most) * height, value > 0 ? 1 : 0) : 0;
        return <rect key={place} x={place * 4} y={height - tall} width="3" height={tall} />;
      })}
      <rect class="ground" x="0" y={height} width={shown_days * 4} height="1" />
    </svg>
  );
}

/** The figure in words first: the plot only shows whether a day was like the others. */
function Plot({ title, days, measure, write }: { title: string; days: Day[]; measure: (day: Day) => number | null; write: (value: number) => string }) {
  const values = places(days, measure);
  const known = days.filter((one) => measure(one) !== null);
  const highest = known.reduce((best, one) => ((measure(one) ?? 0) > (measure(best) ?? 0) ? one : best), known[0] as Day);
  const today = days[days.length - 1] as Day;
  const facts = t('energy.plot', { most: write(measure(highest) ?? 0), day: dayName(`${highest.date}T12:00:00`), today: write(measure(today) ?? 0) });
  return (
    <figure class="plot">
      <figcaption><strong>{title}</strong> <span class="soft">{facts}</span></figcaption>
      <Bars values={values} label={`${title}${t('error.colon')}${facts}`} />
    </figure>
  );
}

function Cell({ name, figure, days, measure, write }: { name: string; figure: string; days: Day[]; measure: Measure; write: (value: number) => string }) {
  const values = places(days, measure);
  const most = write(Math.max(...values.map((value) => value ?? 0)));
  return (
    <td class="figure" data-name={name}><span class="bars-cell">{figure} <Bars small values={values} label={t('energy.at_most', { most })} /></span></td>
  );
}

function Services({ days }: { days: Day[] }) {
  const last = days.slice(-summed_days);
  const seen = sum(last.map((one) => one.seen_s));
  const young = seen < known_s;
  const daily = (value: number) => (young ? value : (value * day_s) / seen);
  const names = [...new Set(last.flatMap((one) => one.services.map((use) => use.name)))];
  const of = (name: string, what: (use: Use) => number): Measure => (day) => sum(day.services.filter((use) => use.name === name).map(what));
  const total = (name: string, what: (use: Use) => number) => daily(sum(last.map(of(name, what))));
  names.sort((a, b) => total(b, cpu) - total(a, cpu));
  const columns: [string, (use: Use) => number, (value: number) => string][] = [
    ['energy.cpu', cpu, seconds], ['energy.wakeups', wakeups, whole], ['energy.disk', disk, (value) => size(Math.round(value))],
  ];
  return (
    <section>
      <h2 id="by-service">{t(young ? 'energy.so_far' : 'energy.by_service')}</h2>
      <div class="table-scroll" tabIndex={0} role="region" aria-labelledby="by-service">
        <table>
          <thead><tr><th scope="col">{t('status.name')}</th>{columns.map(([key]) => <th key={key} scope="col" class="figure">{t(key)}</th>)}</tr></thead>
          <tbody>
            {names.map((name) => (
              <tr key={name}>
                <th scope="row">{nameOf(name)}</th>
                {columns.map(([key, what, write]) => <Cell key={key} name={t(key)} figure={write(total(name, what))} days={days} measure={of(name, what)} write={write} />)}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="soft">{t('energy.counted')}</p>
    </section>
  );
}

function adviceText({ code, service, amount }: Advice): string {
  const one = t(`energy.advice.${code}`, { service: service ? nameOf(service) : '', amount, key: service ?? '' });
  const more = `energy.help.${service ?? ''}`;
  return (code === 'service' || code === 'wakes' || code === 'writes') && has(more) ? `${one} ${t(more)}` : one;
}

function Found({ energy: { days, power, advice } }: { energy: Energy }) {
  const last = days.slice(-summed_days);
  const seen = sum(last.map((one) => one.seen_s));
  if (days.length === 0 || seen === 0) return <Phrase light="asleep">{t('energy.none')}</Phrase>;
  const share = (sum(last.map(ofServices(cpu))) / seen) * 100;
  return (
    <>
      <Phrase light="lit">{t(seen < known_s ? 'energy.share_so_far' : 'energy.share', { share: decimal(share, share < 1 ? 2 : 1) })}</Phrase>
      {power.watts !== null && <p class="soft">{t(`energy.power.${power.source}`, { watts: decimal(power.watts, 1), kwh: kilowattHours(power.watts * 24) })}</p>}
      {advice.length > 0 && (
        <section aria-labelledby="help-most">
          <h2 id="help-most">{t('energy.help_most')}</h2>
          <ul class="notes">{advice.map((one) => <li key={`${one.code} ${one.service}`}>{adviceText(one)}</li>)}</ul>
        </section>
      )}
      <section aria-labelledby="by-day">
        <h2 id="by-day">{t('energy.by_day')}</h2>
        <div class="plots">
          <Plot title={t('energy.cpu')} days={days} measure={ofServices(cpu)} write={seconds} />
          <Plot title={t('energy.wakeups')} days={days} measure={ofServices(wakeups)} write={whole} />
          <Plot title={t('energy.disk')} days={days} measure={ofServices(disk)} write={size} />
          <Plot title={t('energy.network')} days={days} measure={(day) => day.received_bytes + day.sent_bytes} write={size} />
          {days.some((one) => one.watt_hours !== null) && <Plot title={t('energy.electricity')} days={days} measure={(day) => day.watt_hours} write={kilowattHours} />}
        </div>
      </section>
      <Services days={days} />
    </>
  );
}

export function EnergyPage() {
  const energy = useLoad('energy', () => get<Energy>('/api/v1/energy'));
  return (
    <>
      <h1 tabIndex={-1}>{t('title.energy')}</h1>
      {energy.problem ? <ProblemNotice problem={energy.problem} /> : energy.data ? <Found energy={energy.data} /> : <Loading />}
      <p><a href="/status">{t('title.status')}</a></p>
    </>
  );
}
