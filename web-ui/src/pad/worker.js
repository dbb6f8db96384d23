// The service worker of a person's own computer: opens the home page, the list of texts and every text that was seen
// before when there is no network. Registered by pad/main.tsx, once there is a text to open. Keeps the files of the pages
// and nothing else: no text, no name, no answer of the API. While the network is there every page comes from the house.
// The build puts in FILES, each named by its content, and their VERSION.
const prefix = 'hameau-editor-';
const portal = '/';
const editor = '/pad.html';
const cache_name = prefix + VERSION;

/** A shell must be of the same build as the files that it names, else nothing is kept and the next visit tries again. */
async function keepShell(cache, shell) {
  const page = await fetch(shell, { cache: 'no-store' });
  const named = (await page.clone().text()).match(/\/assets\/[\w.-]+/g) ?? [];
  if (!page.ok || named.length === 0 || !named.every((name) => FILES.includes(name))) {
    await caches.delete(cache_name);
    throw new Error('another build is being served');
  }
  await cache.put(shell, page);
}

async function keep() {
  const cache = await caches.open(cache_name);
  await cache.addAll(FILES);
  await keepShell(cache, portal);
  await keepShell(cache, editor);
}

/** The shell that shows this address without network; undefined: the browser says itself that there is no network. */
function shellOf(pathname) {
  if (pathname === '/' || pathname === '/pads' || pathname === '/pads/') return portal;
  return pathname.startsWith('/pads/') ? editor : undefined;
}

async function forgetOthers() {
  for (const name of await caches.keys()) if (name.startsWith(prefix) && name !== cache_name) await caches.delete(name);
}

async function page(request, shell) {
  try {
    return await fetch(request);
  } catch (error) {
    const kept = await caches.match(shell, { cacheName: cache_name });
    if (kept) return kept;
    throw error;
  }
}

self.addEventListener('install', (event) => event.waitUntil(keep()));
self.addEventListener('activate', (event) => event.waitUntil(forgetOthers()));
self.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== self.location.origin || request.method !== 'GET') return;
  const shell = shellOf(pathname);
  if (request.mode === 'navigate') {
    if (shell) event.respondWith(page(request, shell));
  } else if (FILES.includes(pathname)) {
    event.respondWith(caches.match(pathname, { cacheName: cache_name }).then((kept) => kept ?? fetch(request)));
  }
});
