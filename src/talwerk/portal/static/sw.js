// Keeps the pages that somebody has seen last, on their own device, for the time without a connection. It answers only
// when the city does not, and every page that it gives says how old it is. Nothing that a form sent or got is kept.
// LANGUAGES, the first segments of all pages, OFFLINE, the pages that tell of all this, and CRISIS, the pages for the hour in
// which no connection may be left, are put in front of these lines by the server.

const PAGES = "pages-1";
const FILES = "files-1";
const PAGES_MAX = 40;
const FILES_MAX = 160;
const CRISIS_MS = 5 * 60_000; // who reads any page has a crisis page no older than this, at three kilobytes a time
const PATIENCE_MS = 6_000; // a connection that is nearly gone: the kept page first, the city's when it comes after all

const isPage = (url) => LANGUAGES.includes(url.pathname.split("/")[1]);
const isFile = (url) => url.pathname.startsWith("/static/");

addEventListener("install", (event) => {
  event.waitUntil(Promise.all(OFFLINE.map(async (href) => keep(href, await fetch(href)))).then(() => skipWaiting()));
});
addEventListener("activate", (event) => event.waitUntil(clients.claim()));

addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (isFile(url)) event.respondWith(file(request));
  else if (isPage(url) && request.mode === "navigate") event.respondWith(page(event));
  // A page that renews itself stays as new on the shelf as on the screen; it is told when the city does not answer.
  else if (isPage(url) && request.headers.get("accept") === "text/html") event.respondWith(renewed(event));
});

/** Files are named by their content: what is here is right. */
async function file(request) {
  const files = await caches.open(FILES);
  const kept = await files.match(request.url);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) await put(files, request.url, answer.clone(), FILES_MAX);
  return answer;
}

async function renewed(event) {
  const answer = await fetch(event.request);
  event.waitUntil(keep(event.request.url, answer.clone()));
  return answer;
}

async function page(event) {
  const asking = fetch(event.request);
  event.waitUntil(asking.then((answer) => keep(event.request.url, answer.clone()), () => {}));
  try {
    return await Promise.race([asking.then((answer) => answer.clone()), patience(event.request.url)]);
  } catch {
    return (await kept(event.request.url)) ?? (await away(event.request.url)) ?? Response.error();
  }
}

/** Rejects when waiting has lasted too long and something is there to show instead; never resolves. */
async function patience(href) {
  await new Promise((wake) => { setTimeout(wake, PATIENCE_MS); });
  if (await (await caches.open(PAGES)).match(href)) throw new Error("slow");
  return new Promise(() => {});
}

/** Keep a page with all files that it names, so that it looks as it did. */
async function keep(href, answer) {
  const type = answer.headers.get("content-type") ?? "";
  const passing = /no-store/.test(answer.headers.get("cache-control") ?? "");
  if (answer.status !== 200 || answer.redirected || passing || !type.startsWith("text/html")) return;
  const html = await answer.text();
  const headers = new Headers(answer.headers);
  for (const name of ["content-encoding", "content-length", "etag"]) headers.delete(name);
  headers.set("x-kept", new Date().toISOString());
  await put(await caches.open(PAGES), href, new Response(html, { headers }), PAGES_MAX);
  const named = [...html.matchAll(/(?:href|src)="(\/static\/[^"]+)"/g)].map(([, path]) => path);
  await Promise.allSettled([...named.map((path) => file(new Request(path))), foresee(href)]);
}

/** Whoever reads a page may need the crisis page of its language next, and then have no connection to get it. */
async function foresee(href) {
  const path = of(CRISIS, href);
  if (!path || [path, ...OFFLINE].includes(new URL(href, location.origin).pathname)) return;
  const there = await (await caches.open(PAGES)).match(path);
  if (there && Date.now() - Date.parse(there.headers.get("x-kept")) < CRISIS_MS) return;
  await keep(new URL(path, location.origin).href, await fetch(path, { headers: { accept: "text/html" } }));
}

/** That one of a few pages which is in the language of another one. */
function of(pages, href) {
  const language = new URL(href, location.origin).pathname.split("/")[1];
  return pages.find((path) => path.startsWith(`/${language}/`));
}

/** Put something on a shelf; what lies there longest makes room. */
async function put(shelf, href, answer, most) {
  await shelf.put(href, answer);
  const there = await shelf.keys();
  const spare = there.filter((one) => ![...OFFLINE, ...CRISIS].includes(new URL(one.url).pathname));
  await Promise.all(spare.slice(0, Math.max(there.length - most, 0)).map((one) => shelf.delete(one)));
}

async function kept(href) {
  const found = await (await caches.open(PAGES)).match(href);
  if (!found) return undefined;
  let html = (await found.text()).replace("<html ", `<html data-kept="${found.headers.get("x-kept")}" `);
  // The crisis page has no script that could say so: its sentence for this stands in its head, ready to be shown.
  const away = html.match(/<meta name="ohne-netz" content="([^"]*)">/);
  if (away) html = html.replace(/<!--alter-->|<p class="old" role="status">[^<]*<\/p>/, `<p class="old" role="status">${away[1]}</p>`);
  return new Response(html, { headers: found.headers });
}

/** The page that tells what is here, in the language of the one that is not. */
async function away(href) {
  return (await caches.open(PAGES)).match(of(OFFLINE, href) ?? OFFLINE[0]);
}
