// What the mock house begins with. Made up for it; the same people and places as config/examples.
const ago = (hours) => new Date(Date.now() - hours * 3_600_000).toISOString();
const in_days = (days) => new Date(Date.now() + days * 86_400_000).toISOString();

export function freshData({ trial = true, setup = false } = {}) {
  const people = {
    marie: { login: 'marie', name: 'Marie Le Goff', password: 'quatre mots bien longs', admin: false },
    yann: { login: 'yann', name: 'Yann Kervella', password: 'le vent dans les pins', admin: false },
    annick: { login: 'annick', name: 'Annick Riou', password: 'une lampe sous le toit', admin: true },
    soizic: { login: 'soizic', name: 'Soizic Le Bihan', password: 'soizic soizic soizic', admin: false },
    erwan: { login: 'erwan', name: 'Erwan Thomas', password: 'erwan erwan erwan', admin: false },
    naima: { login: 'naima', name: 'Naïma Benali', password: '', admin: false },
  };
  const amis = {
    slug: 'amis', name: 'Les Amis du Bourg', domains: ['amis.test'], quota_bytes: 5 * 2 ** 30,
    members: { marie: 'manager', yann: 'member', annick: 'manager', soizic: 'member', erwan: 'member', naima: 'member' },
    mailboxes: [
      { address: 'marie.legoff@amis.test', login: 'marie', used_bytes: 31_400_000, quota_bytes: 500 * 2 ** 20, forward: [], unread: 2 },
      { address: 'yann.kervella@amis.test', login: 'yann', used_bytes: 9_100_000, quota_bytes: 500 * 2 ** 20, forward: [], unread: 0 },
      { address: 'annick.riou@amis.test', login: 'annick', used_bytes: 12_000, quota_bytes: 500 * 2 ** 20, forward: [], unread: 1 },
    ],
    aliases: [{ address: 'contact@amis.test', to: ['marie.legoff@amis.test'], may_send: true }],
    groups: [{ slug: 'bureau', name: 'Le bureau', members: ['marie', 'yann'], outside: ['tresorier@ailleurs.example'], address: 'bureau@amis.test', may_send: false }],
    sites: [{
      host: 'amis.test', live: 3, deploys: [
        { number: 1, created: ago(24 * 40), by: 'Marie Le Goff', files: 6, bytes: 61_000, pages: 3 },
        { number: 2, created: ago(24 * 12), by: 'Yann Kervella', files: 8, bytes: 84_000, pages: 4 },
        { number: 3, created: ago(26), by: 'Marie Le Goff', files: 9, bytes: 97_400, pages: 4 },
      ],
    }],
    pads: [
      { id: 'pad-minutes', slug: 'minutes', title: 'Compte rendu du 12 mars', access: { members: 'write', link: 'write' }, updated: ago(0.1), updated_by: 'Yann Kervella', here: ['Yann Kervella'], creator: 'marie' },
      { id: 'pad-agenda', slug: 'ordre-du-jour', title: 'Ordre du jour de l’assemblée générale', access: { members: 'write', link: 'none' }, updated: ago(30), updated_by: 'Marie Le Goff', here: [], creator: 'marie' },
      { id: 'pad-fete', slug: 'fete-du-bourg', title: 'Fête du bourg : qui apporte quoi', access: { members: 'write', link: 'read' }, updated: ago(80), updated_by: 'Soizic Le Bihan', here: [], creator: 'soizic' },
      { id: 'pad-vieux', slug: 'brouillon', title: 'Brouillon de lettre à la mairie', access: { members: 'write', link: 'none' }, updated: ago(300), updated_by: 'Erwan Thomas', here: [], creator: 'marie', deleted: ago(50), gone: in_days(28) },
    ],
  };
  const jardin = {
    slug: 'jardin', name: 'Le Jardin partagé', domains: ['jardin.test'], quota_bytes: 5 * 2 ** 30,
    members: { annick: 'manager', soizic: 'manager' }, mailboxes: [], aliases: [], groups: [], sites: [], pads: [],
  };
  return {
    house: { name: setup ? 'Hameau' : 'La maison du Bourg' }, trial, setup_needed: setup, setup_token: 'MOCKTOKEN',
    people, associations: setup ? {} : { amis, jardin }, sessions: new Map(), invitations: new Map(), app_passwords: [], codes: {},
    tries: 0, next: 100,
  };
}

export const diagnosis = () => {
  const at = new Date().toISOString();
  const check = (id, group, title, state, text, advice = '', repair = null, repair_text = '') => ({ id, group, title, state, code: `${id}.x`, text, advice, at, repair, repair_text });
  return {
    at, counts: { fine: 1, attention: 0, broken: 1, unknown: 1 }, repair: null,
    checks: [
      check('disk.room', 'machine', 'Place sur le disque', 'fine', '51200 Mo sont libres sur 64000 Mo.'),
      check('state.folders', 'house', 'Droits des dossiers', 'broken', 'Mauvais propriétaire ou mauvais droits : people.', 'hameau diagnose --repair state.folders', 'free', 'Les dossiers reprennent leurs propriétaires et leurs droits.'),
      check('mail.blocklists', 'network', 'Listes noires', 'unknown', 'Aucune liste noire n’est interrogée.'),
    ],
  };
};

/** Five weeks with a day off, a heavy day and a quiet one; the last is today. */
export const energy = () => {
  const names = ['hameaud', 'gate', 'people', 'mail', 'sites', 'pads', 'milter', 'dovecot', 'postfix', 'backup'];
  const days = Array.from({ length: 35 }, (_, ago) => ago).filter((ago) => ago !== 12).reverse().map((ago) => {
    const seen_s = ago === 0 ? 50_000 : 86_400;
    const services = names.map((name, place) => {
      const busy = (1 + ((ago * 7 + place * 3) % 5)) * (ago === 4 ? 6 : 1) * (place + 1);
      return { name, cpu_ms: busy * 1100, wakeups: busy * 310, read_bytes: busy * 90_000, written_bytes: busy * 410_000 };
    });
    return { date: new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10), seen_s, received_bytes: 4e6 * (1 + (ago % 4)), sent_bytes: 9e6 * (1 + (ago % 6)), watt_hours: (4 * seen_s) / 3600, services };
  });
  return { days, power: { source: 'stated', watts: 4 }, advice: [{ code: 'machine', service: null, amount: 1 }, { code: 'awake', service: 'pads', amount: 0 }, { code: 'wakes', service: 'dovecot', amount: 1312 }] };
};

export const status = () => ({
  processes: [
    ['hameaud', 'running', 411, 5_400_000, 0, 3100, 210, 44], ['gate', 'running', 420, 5_399_000, 0, 6900, 1800, 310],
    ['people', 'running', 431, 60_000, 0, 9800, 320, 90], ['mail', 'asleep', 0, 0, 0, 0, 40, 12], ['sites', 'asleep', 0, 0, 0, 0, 60, 9],
    ['pads', 'running', 440, 50_000, 1, 11_200, 410, 75], ['postfix', 'running', 450, 5_398_000, 0, 7400, 300, 61],
    ['dovecot', 'running', 455, 5_398_000, 0, 6100, 280, 40],
  ].map(([name, state, pid, uptime_ms, restarts, pss_kb, cpu_ms, wakeups]) => ({ name, state, pid, uptime_ms, restarts, pss_kb, cpu_ms, wakeups })),
  services: [
    { name: 'people', state: 'ready', checks: [{ name: 'base', passed: true, advice: '' }] },
    { name: 'mail', state: 'ready', checks: [
      { name: 'file', passed: true, advice: '' },
      { name: 'DNS', passed: false, advice: 'L’enregistrement MX de amis.test ne mène pas encore ici. Ajoutez-le chez votre hébergeur de noms.' }] },
    { name: 'sites', state: 'asleep', checks: [] },
    { name: 'pads', state: 'ready', checks: [{ name: 'base', passed: true, advice: '' }] },
  ],
  walls: ['own uids', 'seccomp'],
});
