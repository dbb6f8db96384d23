// A mock house for working on the pages: the built files under the real policy, and the documented API in memory.
// Never part of the product. Usage: node mock/server.mjs [--port N] [--setup] [--no-trial] [--pads SOCKET]; POST /mock/reset
// starts again. With --pads, everything of pads goes to a real hameau-pads, as the gate would hand it on.
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer, request as ask } from 'node:http';
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { dirname, extname, join, normalize, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { diagnosis, energy, freshData, status } from './data.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(process.env.HAMEAU_WEB_OUT ?? join(here, '../../build/release/web'));
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.json': 'application/json' };
const body_bytes_max = 64 << 20;

class Refusal extends Error {
  constructor(status, code, detail, errors) { super(detail); Object.assign(this, { status, code, detail, errors }); }
}
const refuse = (status, code, detail, errors) => { throw new Refusal(status, code, detail, errors); };
const field = (name, message) => refuse(422, 'fields', 'Il manque quelque chose. Rien n’a changé.', [{ field: name, message }]);

function serveFile(request, answer, path) {
  let file = join(root, normalize(path).replace(/^(\.\.[/\\])+/, ''));
  let code = 200;
  if (!existsSync(file) || statSync(file).isDirectory()) {
    if (extname(path)) code = 404;
    file = join(root, /^\/pads\/./.test(path) && existsSync(join(root, 'pad.html')) ? 'pad.html' : 'index.html');
  }
  const headers = { 'Content-Type': types[extname(file)] ?? 'application/octet-stream', 'Content-Security-Policy': policy, 'Cache-Control': 'no-cache' };
  if (/\bbr\b/.test(request.headers['accept-encoding'] ?? '') && existsSync(`${file}.br`)) {
    headers['Content-Encoding'] = 'br';
    file += '.br';
  }
  answer.writeHead(code, headers);
  createReadStream(file).pipe(answer);
}

async function bodyOf(request) {
  const parts = [];
  let bytes = 0;
  for await (const part of request) {
    bytes += part.length;
    if (bytes > body_bytes_max) refuse(413, 'too_large', 'Cet envoi est trop lourd. Rien n’a changé.');
    parts.push(part);
  }
  return Buffer.concat(parts);
}

export function startMock({ port = 23000, trial = true, setup = false, pads = '' } = {}) {
  let data = freshData({ trial, setup });
  const token = () => randomBytes(12).toString('hex');
  const slugs = (who) => Object.values(data.associations).filter((one) => who.admin || one.members[who.login]);
  const roleIn = (who, one) => (who.admin ? 'manager' : one.members[who.login]);
  const sessionBody = (session) => ({
    login: session.who.login, name: session.who.name, member: `id-${session.who.login}`, admin: session.who.admin, shared_computer: session.shared,
    associations: slugs(session.who).map((one) => ({ slug: one.slug, name: one.name, role: roleIn(session.who, one) })),
  });
  const open = (who, shared, answer) => {
    const id = token();
    const session = { who, shared: Boolean(shared) };
    data.sessions.set(id, session);
    answer.setHeader('Set-Cookie', `__Host-hameau=${id}; Path=/; HttpOnly; Secure; SameSite=Strict`);
    return sessionBody(session);
  };
  const invite = (base, who, one) => {
    const secret = { url: `${base}/invitation#${token()}`, code: 'PAGE-MARE', expires: new Date(Date.now() + 7 * 86_400_000).toISOString() };
    const found = { who, one, expires: secret.expires };
    data.invitations.set(secret.url.split('#')[1], found);
    data.invitations.set(secret.code, found);
    return secret;
  };
  const siteDocument = (site) => {
    const live = site.deploys.find((one) => one.number === site.live);
    return { host: site.host, live: site.live, files: live?.files ?? 0, bytes: live?.bytes ?? 0, pages: live?.pages ?? 0, url: `https://${site.host}/`,
      home: live ? { bytes: 38_200, requests: 4, elements: 62, score: 92, grade: 'A' } : null };
  };
  const padDocument = (pad, one, who, base) => ({ ...pad, association: one.slug, url: `${base}/pads/${pad.id}`, socket: `${base.replace(/^http/, 'ws')}/api/v1/pads/ws/${pad.id}`,
    may: 'write', may_manage: pad.creator === who.login || roleIn(who, one) === 'manager' });

  const routes = [];
  const on = (method, pattern, who, work) => routes.push({ method, who, work,
    pattern: new RegExp(`^${pattern.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`) });
  const inside = (session, slug, manage = false) => {
    const one = data.associations[slug];
    if (!one || !(session.who.admin || one.members[session.who.login])) refuse(403, 'forbidden', 'Cet endroit n’est pas à vous.');
    if (manage && roleIn(session.who, one) !== 'manager') refuse(403, 'forbidden', 'Il faut être responsable pour cela.');
    return one;
  };
  const listed = (items) => ({ items, next: null });
  const anyone = false;
  const member = true;

  on('GET', '/api/v1/house', anyone, () => ({ ...data.house, languages: ['fr', 'en'], services: { mail: true, sites: true, pads: true }, memory_kb: 31_400, asleep: 3, trial: data.trial,
    ...(data.trial ? { people: ['marie', 'yann', 'annick'].map((login) => data.people[login]).map((p) => ({ login: p.login, name: p.name, password: p.password, role: p.admin ? 'admin' : p.login === 'marie' ? 'manager' : 'member' })) } : {}) }));
  on('GET', '/api/v1/session', member, ({ session }) => sessionBody(session));
  on('DELETE', '/api/v1/session', member, ({ id, answer }) => {
    data.sessions.delete(id);
    answer.setHeader('Set-Cookie', '__Host-hameau=; Path=/; Secure; Max-Age=0');
  });
  on('POST', '/api/v1/session', anyone, ({ body, answer }) => {
    const who = Object.values(data.people).find((p) => p.login === body.login);
    if (!who || !who.password || who.password !== body.password) refuse(401, 'wrong_credentials', "L'identifiant ou le mot de passe n'est pas le bon. Vérifiez-les, puis réessayez.");
    return open(who, body.shared_computer, answer);
  });
  on('GET', '/api/v1/setup', anyone, () => ({ needed: data.setup_needed, host_needed: data.host_needed === true }));
  on('POST', '/api/v1/setup/checks', anyone, ({ body }) => ({ proposal: 'maison.amisdubourg.org', addresses: ['192.168.1.5'], checks: [
    ...(body.host ? [{ id: 'name', state: 'broken', text: `Aucune machine ne porte encore le nom ${body.host}.`, advice: "Chez celui qui gère le nom de domaine, ajoutez un enregistrement A vers l'adresse publique de votre box." }] : []),
    { id: 'network', state: 'attention', text: "Cette machine est derrière une box, à l'adresse 192.168.1.5.", advice: 'Sur la box, renvoyez les ports 25, 80, 443, 465, 587 et 993 vers 192.168.1.5.' },
    { id: 'mail', state: 'fine', text: 'Aucun autre programme ne sert déjà le courrier sur cette machine.', advice: '' },
    { id: 'clock', state: 'unknown', text: "On ne sait pas si l'horloge suit l'heure du réseau.", advice: '' }] }));
  on('POST', '/api/v1/setup', anyone, ({ body, answer }) => {
    if (body.token !== data.setup_token) refuse(403, 'setup_token', "Ce lien d'installation n'est pas le bon. Prenez celui que le serveur a affiché.");
    data.house.name = body.house;
    data.setup_needed = false;
    const who = data.people[body.login] = { login: body.login, name: body.name, password: body.password, admin: true };
    data.associations[body.association.slug] = { ...body.association, members: { [who.login]: 'manager' }, mailboxes: [], aliases: [], groups: [], sites: [], pads: [] };
    return [201, open(who, false, answer)];
  });
  on('GET', '/api/v1/invitations/{code}', anyone, ({ path }) => {
    const found = data.invitations.get(path.code);
    if (!found) refuse(404, 'invitation_gone', "Cette invitation n'existe pas, a déjà servi ou n'est plus valable. Demandez-en une nouvelle à un responsable de l'association.");
    return { name: found.who.name, login: found.who.login, association: found.one.name, expires: found.expires };
  });
  on('POST', '/api/v1/invitations/{code}', anyone, ({ path, body, answer }) => {
    const found = data.invitations.get(path.code);
    if (!found) refuse(404, 'invitation_gone', "Cette invitation n'existe pas, a déjà servi ou n'est plus valable.");
    found.who.password = body.password;
    for (const [key, value] of data.invitations) if (value === found) data.invitations.delete(key);
    return [201, open(found.who, body.shared_computer, answer)];
  });
  on('POST', '/api/v1/recovery', anyone, () => refuse(401, 'wrong_recovery', "L'identifiant ou le code de secours n'est pas le bon, ou le code a déjà servi."));
  on('GET', '/api/v1/me/recovery-codes', member, () => ({ codes: [], left: 3 }));
  on('POST', '/api/v1/me/recovery-codes', member, () => [201, { codes: ['PAGE-MARE', 'BATE-FARD', 'CAPE-VERT', 'HARP-GAZE', 'NEXA-CRAB', 'TAXE-GYPT', 'ZEBR-MAND', 'KAPE-RYTH'], left: 8 }]);
  on('POST', '/api/v1/me/password', member, ({ session, body }) => {
    if (body.current !== session.who.password) refuse(403, 'wrong_current', "Le mot de passe actuel n'est pas le bon. Rien n'a été changé.");
    session.who.password = body.new;
  });
  on('POST', '/api/v1/me/sign-out-everywhere', member, () => { data.sessions.clear(); });
  on('GET', '/api/v1/me/app-passwords', member, () => listed(data.app_passwords));
  on('POST', '/api/v1/me/app-passwords', member, ({ body }) => {
    const made = { id: `app-${data.next++}`, name: body.name, scopes: ['imap', 'submission'], created: new Date().toISOString() };
    data.app_passwords.push(made);
    return [201, { id: made.id, password: 'bmuf-7xkq-tw4n-c2hd' }];
  });
  on('DELETE', '/api/v1/me/app-passwords/{id}', member, ({ path }) => { data.app_passwords = data.app_passwords.filter((one) => one.id !== path.id); });
  on('GET', '/api/v1/me/mail', member, ({ session }) => ({
    mailboxes: Object.values(data.associations).flatMap((one) => one.mailboxes).filter((box) => box.login === session.who.login)
      .map(({ address, unread, used_bytes, quota_bytes }) => ({ address, unread: unread ?? 0, used_bytes, quota_bytes })),
    spam_filter: true,
    settings: { imap: { host: 'localhost', port: 2993, security: 'tls' }, submission: { host: 'localhost', port: 2465, security: 'tls' } },
  }));
  on('GET', '/api/v1/status', member, ({ session }) => (session.who.admin ? status() : refuse(403, 'forbidden', 'Cette page est réservée aux administrateurs de la maison.')));
  on('GET', '/api/v1/diagnosis', member, ({ session }) => (session.who.admin ? diagnosis() : refuse(403, 'forbidden', 'Cette page est réservée aux administrateurs de la maison.')));
  on('GET', '/api/v1/energy', member, ({ session }) => (session.who.admin ? energy() : refuse(403, 'forbidden', 'Cette page est réservée aux administrateurs de la maison.')));
  on('POST', '/api/v1/diagnosis', member, ({ session }) => (session.who.admin ? diagnosis() : refuse(403, 'forbidden', 'Cette page est réservée aux administrateurs de la maison.')));

  on('GET', '/api/v1/associations', member, ({ session }) => listed(slugs(session.who).map((one) => ({ slug: one.slug, name: one.name, role: roleIn(session.who, one), domains: one.domains, members: Object.keys(one.members).length }))));
  on('GET', '/api/v1/associations/{slug}/members', member, ({ session, path }) => {
    const one = inside(session, path.slug);
    return listed(Object.entries(one.members).map(([login, role]) => {
      const who = data.people[login];
      return { id: `id-${login}`, login, name: who.name, role: who.admin ? 'admin' : role, state: who.disabled ? 'disabled' : who.password ? 'active' : 'invited',
        mailbox: one.mailboxes.find((box) => box.login === login)?.address };
    }));
  });
  on('POST', '/api/v1/associations/{slug}/members', member, ({ session, path, body, base }) => {
    const one = inside(session, path.slug, true);
    if (!/^[a-z0-9._-]+$/.test(body.login)) field('login', 'Des lettres sans accent, des chiffres, un point.');
    if (data.people[body.login]) refuse(409, 'login_taken', 'Cet identifiant est déjà pris. Choisissez-en un autre.');
    const who = data.people[body.login] = { login: body.login, name: body.name, password: body.password ?? '', admin: body.role === 'admin' };
    one.members[who.login] = body.role ?? 'member';
    if (body.mailbox) one.mailboxes.push({ address: body.mailbox, login: who.login, used_bytes: 0, quota_bytes: 500 * 2 ** 20, forward: [] });
    return [201, { id: `id-${who.login}`, login: who.login, name: who.name, role: body.role, state: body.invite ? 'invited' : 'active', mailbox: body.mailbox, ...(body.invite ? { invitation: invite(base, who, one) } : {}) }];
  });
  on('PATCH', '/api/v1/associations/{slug}/members/{login}', member, ({ session, path, body }) => {
    const one = inside(session, path.slug, true);
    if (body.role) one.members[path.login] = body.role;
    if (body.disabled !== undefined) data.people[path.login].disabled = body.disabled;
    return { login: path.login };
  });
  on('DELETE', '/api/v1/associations/{slug}/members/{login}', member, ({ session, path }) => { delete inside(session, path.slug, true).members[path.login]; });
  on('POST', '/api/v1/associations/{slug}/members/{login}/invitation', member, ({ session, path, base }) => {
    const one = inside(session, path.slug, true);
    return [201, { invitation: invite(base, data.people[path.login], one) }];
  });
  for (const [name, key] of [['mailboxes', 'address'], ['aliases', 'address'], ['groups', 'slug']]) {
    on('GET', `/api/v1/associations/{slug}/${name}`, member, ({ session, path }) => listed(inside(session, path.slug)[name]));
    on('POST', `/api/v1/associations/{slug}/${name}`, member, ({ session, path, body }) => {
      const one = inside(session, path.slug, true);
      if (key === 'address' && !/^[^@\s]+@[^@\s]+$/.test(body.address ?? '')) field('address', 'Ce n’est pas une adresse de courrier.');
      if (one[name].some((item) => item[key] === body[key])) refuse(409, 'taken', 'Cette adresse est déjà prise.');
      one[name].push({ outside: [], used_bytes: 0, quota_bytes: 500 * 2 ** 20, ...body });
      return [201, body];
    });
    on('PATCH', `/api/v1/associations/{slug}/${name}/{item}`, member, ({ session, path, body }) => Object.assign(inside(session, path.slug, true)[name].find((item) => item[key] === path.item), body));
    on('DELETE', `/api/v1/associations/{slug}/${name}/{item}`, member, ({ session, path }) => {
      const one = inside(session, path.slug, true);
      one[name] = one[name].filter((item) => item[key] !== path.item);
    });
  }
  on('GET', '/api/v1/associations/{slug}/pads', member, ({ session, path, query, base }) => {
    const one = inside(session, path.slug);
    return listed(one.pads.filter((pad) => Boolean(pad.deleted) === (query.get('bin') === '1')).map((pad) => padDocument(pad, one, session.who, base)));
  });
  on('POST', '/api/v1/associations/{slug}/pads', member, ({ session, path, body, base }) => {
    const one = inside(session, path.slug);
    if (one.pads.some((pad) => pad.slug === body.slug)) refuse(409, 'pad_slug_taken', 'Un texte porte déjà ce nom court.');
    const pad = { id: `pad-${data.next++}`, slug: body.slug, title: body.title, access: { members: 'write', link: 'none', ...body.access }, updated: new Date().toISOString(), updated_by: session.who.name, here: [], creator: session.who.login };
    one.pads.push(pad);
    return [201, padDocument(pad, one, session.who, base)];
  });
  const padOf = (id) => {
    for (const one of Object.values(data.associations)) {
      const pad = one.pads.find((p) => p.id === id || `${one.slug}:${p.slug}` === id);
      if (pad) return [pad, one];
    }
    return refuse(404, 'pad_not_found', 'Ce texte n’existe pas.');
  };
  on('GET', '/api/v1/pads/{id}', member, ({ session, path, base }) => { const [pad, one] = padOf(path.id); return padDocument(pad, one, session.who, base); });
  on('PATCH', '/api/v1/pads/{id}', member, ({ session, path, body, base }) => {
    const [pad, one] = padOf(path.id);
    if (body.title) pad.title = body.title;
    Object.assign(pad.access, body.access);
    return padDocument(pad, one, session.who, base);
  });
  on('DELETE', '/api/v1/pads/{id}', member, ({ path }) => { Object.assign(padOf(path.id)[0], { deleted: new Date().toISOString(), gone: new Date(Date.now() + 30 * 86_400_000).toISOString() }); });
  on('POST', '/api/v1/pads/{id}/restore', member, ({ session, path, base }) => { const [pad, one] = padOf(path.id); delete pad.deleted; delete pad.gone; return padDocument(pad, one, session.who, base); });
  on('POST', '/api/v1/pads/{id}/link', member, ({ path, base }) => {
    const [pad] = padOf(path.id);
    if (pad.access.link === 'none') refuse(409, 'pad_link_closed', 'Ce texte n’est pas ouvert par lien.');
    return { url: `${base}/pads/${pad.id}#key=mockkey0123456789` };
  });
  on('GET', '/api/v1/associations/{slug}/sites', member, ({ session, path }) => listed(inside(session, path.slug).sites.map(siteDocument)));
  on('POST', '/api/v1/associations/{slug}/sites', member, ({ session, path, body }) => {
    const one = inside(session, path.slug, true);
    if (!one.domains.some((domain) => body.host === domain || body.host.endsWith(`.${domain}`))) field('host', `Cette adresse n'est pas dans un domaine de l'association (${one.domains.join(', ')}).`);
    const site = { host: body.host, live: null, deploys: [] };
    one.sites.push(site);
    return [201, siteDocument(site)];
  });
  const siteOf = (host) => Object.values(data.associations).flatMap((one) => one.sites).find((site) => site.host === host) ?? refuse(404, 'no_site', "Il n'y a pas de site à cette adresse.");
  on('GET', '/api/v1/sites/{host}/deploys', member, ({ path }) => { const site = siteOf(path.host); return listed([...site.deploys].reverse().map((one) => ({ ...one, live: one.number === site.live }))); });
  on('POST', '/api/v1/sites/{host}/deploys', member, ({ session, path, raw }) => {
    const site = siteOf(path.host);
    if (raw.includes('interdit')) {
      refuse(422, 'upload_refused', 'Cet envoi ne peut pas être publié. Le site n’a pas changé.', [{ field: 'lien', message: "lien : c'est un raccourci (lien symbolique). Mettez le fichier lui-même." }]);
    }
    const number = Math.max(0, ...site.deploys.map((one) => one.number)) + 1;
    site.deploys.push({ number, created: new Date().toISOString(), by: session.who.name, files: 3, bytes: raw.length, pages: 1 });
    site.live = number;
    return [201, { number, files: 3, bytes: raw.length, live: true, warnings: ['index.html : 1 image(s) sans texte de remplacement (alt).'] }];
  });
  on('POST', '/api/v1/sites/{host}/live', member, ({ path, body }) => { siteOf(path.host).live = body.number; return { live: body.number }; });

  const sessionOf = (request) => data.sessions.get(/__Host-hameau=(\w+)/.exec(request.headers.cookie ?? '')?.[1]);
  /** What the gate tells a module about who is asking. */
  const handedOn = (request) => {
    const who = sessionOf(request)?.who;
    const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !/^(cookie|hameau-.*)$/.test(name)));
    return { ...headers, 'hameau-caller': 'gate', 'hameau-scheme-host': `http://${request.headers.host}`, ...(who ? {
      'hameau-member': `id${who.login}`.padEnd(26, 'a'), 'hameau-session': 's1', 'hameau-login': who.login, 'hameau-name': encodeURIComponent(who.name),
      'hameau-roles': slugs(who).map((one) => `${one.slug}=${roleIn(who, one)}`).join(', '),
    } : {}) };
  };
  const isPads = (path) => pads && /^\/api\/v1\/(pads\/|associations\/[^/]+\/pads)/.test(path);
  const toPads = (request, answer) => {
    const forward = ask({ socketPath: pads, path: request.url, method: request.method, headers: { ...handedOn(request), connection: 'close' } }, (got) => {
      answer.writeHead(got.statusCode, got.headers);
      got.pipe(answer);
    });
    forward.on('error', () => answer.headersSent ? answer.destroy() : answer.writeHead(503, { 'Content-Type': 'application/problem+json' }).end('{"status":503,"code":"busy","detail":"Ce service redémarre. Rien n’est perdu."}'));
    // In one write: a module may answer and close before a slow second one, which Node takes for a failure.
    void bodyOf(request).then((body) => forward.end(body));
  };

  const server = createServer(async (request, answer) => {
    const url = new URL(request.url, 'http://mock');
    if (isPads(url.pathname)) {
      if (request.method !== 'GET' && request.headers.origin !== `http://${request.headers.host}`) return answer.writeHead(403).end();
      return toPads(request, answer);
    }
    if (url.pathname === '/mock/reset') {
      data = freshData({ trial: url.searchParams.get('trial') !== '0', setup: url.searchParams.get('setup') === '1' });
      answer.writeHead(204).end();
      return;
    }
    if (!url.pathname.startsWith('/api/')) return serveFile(request, answer, decodeURIComponent(url.pathname));
    const say = (code, type, body) => answer.writeHead(code, { 'Content-Type': type, 'Cache-Control': 'no-store' }).end(body === undefined ? undefined : JSON.stringify(body));
    try {
      const raw = await bodyOf(request);
      const base = `http://${request.headers.host}`;
      if (request.method !== 'GET' && request.headers.origin !== base) refuse(403, 'origin', 'Cette demande ne vient pas de cette maison.');
      const route = routes.map((one) => [one, one.method === request.method && one.pattern.exec(url.pathname)]).find(([, match]) => match);
      if (!route) refuse(404, 'not_found', "Cet endroit n'existe pas.");
      const [{ who, work }, match] = route;
      const id = /__Host-hameau=(\w+)/.exec(request.headers.cookie ?? '')?.[1];
      const session = data.sessions.get(id);
      if (who && !session) refuse(401, 'signed_out', 'Votre session est finie. Entrez de nouveau.');
      const path = Object.fromEntries(Object.entries(match.groups ?? {}).map(([key, value]) => [key, decodeURIComponent(value)]));
      const json = /json/.test(request.headers['content-type'] ?? '') && raw.length > 0 ? JSON.parse(raw.toString()) : {};
      const made = work({ path, body: json, raw, session, id, answer, base, query: url.searchParams });
      if (made === undefined) answer.writeHead(204).end();
      else if (Array.isArray(made)) say(made[0], 'application/json', made[1]);
      else say(200, 'application/json', made);
    } catch (error) {
      if (!(error instanceof Refusal)) console.error(error);
      say(error.status ?? 500, 'application/problem+json', { type: 'about:blank', title: error.code ?? 'error', status: error.status ?? 500, code: error.code, detail: error.detail ?? String(error), ...(error.errors ? { errors: error.errors } : {}) });
    }
  });
  server.on('upgrade', (request, socket, head) => {
    const lines = Object.entries(handedOn(request)).map(([name, value]) => `${name}: ${value}`);
    const line = connect(pads);
    line.on('connect', () => {
      line.write(`GET ${request.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
      line.write(head);
      line.pipe(socket).pipe(line);
    });
    for (const end of [line, socket]) end.on('error', () => { line.destroy(); socket.destroy(); });
    socket.on('close', () => line.destroy());
  });
  return new Promise((ready) => server.listen(port, '127.0.0.1', () => ready({ url: `http://localhost:${server.address().port}/`, stop: () => server.close() })));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const words = process.argv.slice(2);
  const port = Number(words[words.indexOf('--port') + 1] || 23000) || 23000;
  const mock = await startMock({ port, setup: words.includes('--setup'), trial: !words.includes('--no-trial'), pads: words.includes('--pads') ? words[words.indexOf('--pads') + 1] : '' });
  console.error(`${mock.url} (marie, yann, annick)`);
}
