// A measuring point on somebody else's page: renewed each minute while somebody can see it. It stands still while its tab
// is hidden, while it is out of sight, and while a reader wants it to (WCAG 2.2.2). Nothing moves, and no connection is held
// open, because a page can show many of these. Without this script it stays as it was loaded, and says of when that is.

import { fetched, renew } from "./parts.js";

const EVERY_MS = 60_000;

const box = document.querySelector("[data-live-control]");
const words = box.dataset;
const locale = document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang;
const moment = new Intl.DateTimeFormat(locale, { dateStyle: "short", timeStyle: "short" });

let asked = Date.now();
let shown = Date.now(); // when the city answered last
let inSight = true;
let paused = false;
let timer;

const button = Object.assign(document.createElement("button"), { type: "button" });
const note = Object.assign(document.createElement("p"), { className: "note" });
note.setAttribute("role", "status");

function wait() {
  clearTimeout(timer);
  if (inSight && !paused && !document.hidden) timer = setTimeout(turn, Math.max(asked + EVERY_MS - Date.now(), 0));
}

async function turn() {
  asked = Date.now();
  let lost = true;
  try {
    lost = renew(await fetched(location.href)) === false;
  } catch {
    // What is shown carries its time, and the note says that no newer one comes.
  }
  if (!lost) shown = Date.now();
  note.textContent = lost ? words.lost.replace("{seen}", moment.format(shown)) : "";
  wait();
}

function show() {
  button.textContent = paused ? words.resume : words.pause;
  button.setAttribute("aria-pressed", String(paused));
}

button.addEventListener("click", () => { paused = !paused; show(); wait(); });
document.addEventListener("visibilitychange", wait);
new IntersectionObserver(([entry]) => { inSight = entry.isIntersecting; wait(); }).observe(document.querySelector("main"));
show();
box.append(note, button);
