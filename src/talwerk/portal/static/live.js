// Keeps a page current: when something that it shows changes, its own HTML is fetched again and what differs is
// replaced. Without this script the page is complete; with it there is a button that holds everything still, and a note
// when the city cannot be reached. A screen reader hears of changed states, never of changed numbers.

import { fetched, renew } from "./parts.js";

const CALM_MS = 5_000; // a storm of changes must not make the page restless
const TURN_MS = 60_000; // ages turn, and what came while nobody could say so is found
const FIRST_RETRY_MS = 2_000;
const LAST_RETRY_MS = 60_000;
const BLINK_MS = 5_000; // a city that starts again is back by then, and nobody has to know
const KEY = "talwerk-live";

const box = document.querySelector("[data-live-control]");
const words = box?.dataset ?? {};
const locale = document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang;
const kept = document.documentElement.dataset.kept; // when a page from the offline store was current

let source = null;
let last = ""; // the change that was seen last: whoever comes back asks for what came after it
let failures = 0;
let lost = kept ? Date.now() : 0;
let seen = kept ? Date.parse(kept) : Date.now();
const timers = {};

const paused = () => sessionStorage.getItem(KEY) === "paused";
const wanted = () => !paused() && !document.hidden;
const time = new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit" });
const clock = (at) => time.format(at);

function after(name, wait_ms, then) {
  timers[name] ??= setTimeout(() => { delete timers[name]; then(); }, wait_ms);
}

function forget(...names) {
  for (const name of names) { clearTimeout(timers[name]); delete timers[name]; }
}

function connect() {
  if (source || !wanted()) return;
  const address = new URL("/api/v1/changes", location.href);
  for (const entity of (document.querySelector("[data-live-of]")?.dataset.liveOf ?? "").split(" ").filter(Boolean)) {
    address.searchParams.append("entity", decodeURIComponent(entity));
  }
  if (last) address.searchParams.set("after", last);
  source = new EventSource(address);
  source.addEventListener("open", () => { failures = 0; if (lost) turn(); });
  for (const kind of ["here", "change", "resync"]) {
    source.addEventListener(kind, (event) => {
      last = kind === "here" ? String(JSON.parse(event.data).position) : event.lastEventId;
      // Everybody hears of a change at once and asks again a little apart.
      if (kind !== "here") after("renew", CALM_MS * (0.6 + 0.4 * Math.random()), turn);
    });
  }
  source.addEventListener("error", () => { disconnect(); missed(); });
}

function disconnect() {
  source?.close();
  source = null;
  forget("renew", "retry");
}

/** The city did not answer: try again, later each time and not all at once, and say so when it lasts. */
function missed() {
  lost ||= Date.now();
  const wait_ms = Math.min(FIRST_RETRY_MS * 2 ** failures++, LAST_RETRY_MS);
  after("retry", wait_ms * (0.5 + Math.random()), connect);
  after("note", BLINK_MS, note);
}

/** Fetch the page again and show what has changed. */
async function turn() {
  let page;
  try {
    page = await fetched(location.href);
  } catch (error) {
    // An answer that is an error comes from a city that is there; the next change or minute asks again.
    if (error instanceof TypeError) missed();
    return;
  }
  if (!wanted()) return;
  const said = renew(page);
  if (said === false) { location.reload(); return; }
  seen = Date.now();
  if (lost) { lost = 0; forget("note"); note(); say(words.back); }
  for (const sentence of said.filter(Boolean)) say(sentence);
}

/** What somebody who does not see the page has to hear: states, not numbers. */
function say(sentence) {
  box.querySelector("[role=status]").textContent = sentence ?? "";
}

/** How old the page is, in its largest unit and never less than a minute. */
function age() {
  const minutes = Math.max(Math.round((Date.now() - seen) / 60_000), 1);
  const [count, unit] = minutes < 120 ? [minutes, "minute"] : minutes < 2_880 ? [minutes / 60, "hour"] : [minutes / 1_440, "day"];
  return new Intl.RelativeTimeFormat(locale).format(-Math.floor(count), unit);
}

/** The note that tells how old everything is while nothing new can come; it covers nothing and moves nothing. */
function note() {
  const place = document.querySelector("[data-live-note]");
  const shown = place.hidden;
  place.hidden = !lost;
  if (!lost) return;
  place.textContent = (navigator.onLine && !kept ? words.lost : words.offline)
    .replace("{since}", clock(lost)).replace("{seen}", clock(seen)).replace("{age}", age());
  if (shown) say(place.textContent);
  after("note", TURN_MS, note);
}

function show(button) {
  button.textContent = paused() ? words.resume : words.pause;
  button.setAttribute("aria-pressed", String(paused()));
}

function press(button) {
  if (paused()) {
    sessionStorage.removeItem(KEY);
    connect();
    turn();
    say("");
  } else {
    sessionStorage.setItem(KEY, "paused");
    disconnect();
    say(words.paused.replace("{seen}", clock(seen)));
  }
  show(button);
}

if (box) {
  const button = document.createElement("button");
  button.type = "button";
  button.addEventListener("click", () => press(button));
  show(button);
  const status = Object.assign(document.createElement("p"), { className: "hidden" });
  status.setAttribute("role", "status");
  box.append(button, status);
  document.body.append(Object.assign(document.createElement("p"), { className: "live-note", hidden: true }));
  document.body.lastElementChild.dataset.liveNote = "";
  document.addEventListener("say", (event) => say(event.detail));
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { disconnect(); return; }
    connect();
    if (wanted()) turn();
  });
  addEventListener("online", () => { forget("retry"); connect(); });
  addEventListener("offline", () => { lost ||= Date.now(); note(); });
  setInterval(() => wanted() && turn(), TURN_MS);
  connect();
  if (lost) note();
}

// Pages that were seen are kept for the time without a connection, this first one as well.
if (words.worker && navigator.serviceWorker) {
  if (!navigator.serviceWorker.controller) {
    navigator.serviceWorker.addEventListener("controllerchange", () => fetched(location.href).catch(() => {}), { once: true });
  }
  navigator.serviceWorker.register(words.worker).catch(() => {}); // a browser that forbids it works as before
}
