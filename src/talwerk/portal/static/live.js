// Keeps a page current: when the city changes, the page's own HTML is fetched again and its parts marked data-live
// are replaced. Without this script the page is complete; with it there is a button that holds everything still.

const PAUSE_MS = 5000; // a storm of changes must not make the page restless
const KEY = "talwerk-live";

const box = document.querySelector("[data-live-control]");
const words = box?.dataset ?? {};
let source = null;
let timer = 0;

function paused() {
  return sessionStorage.getItem(KEY) === "paused";
}

function connect() {
  if (source || paused() || document.hidden) return;
  source = new EventSource("/api/v1/changes");
  source.addEventListener("change", later);
  source.addEventListener("resync", later);
}

function disconnect() {
  source?.close();
  source = null;
  clearTimeout(timer);
  timer = 0;
}

function later() {
  timer ||= setTimeout(renew, PAUSE_MS);
}

async function renew() {
  timer = 0;
  let answer;
  try {
    answer = await fetch(location.href, { headers: { accept: "text/html" } });
  } catch {
    return; // the connection is gone; the source reconnects by itself and the next change tries again
  }
  if (!answer.ok || paused()) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const names = (page) => [...page.querySelectorAll("[data-live]")].map((part) => part.dataset.live).join();
  if (names(fresh) !== names(document)) {
    // Another kind of page now, as when the first value of a city arrives.
    location.reload();
    return;
  }
  for (const part of document.querySelectorAll("[data-live]")) {
    const next = fresh.querySelector(`[data-live="${part.dataset.live}"]`);
    // What somebody is working in stays as it is: focus and open details would be lost.
    if (!next || part.contains(document.activeElement)) continue;
    for (const open of part.querySelectorAll("details[open][id]")) {
      next.querySelector(`#${CSS.escape(open.id)}`)?.setAttribute("open", "");
    }
    part.replaceWith(document.adoptNode(next));
  }
}

function show(button) {
  button.textContent = paused() ? words.resume : words.pause;
  button.setAttribute("aria-pressed", String(paused()));
}

if (box) {
  const button = document.createElement("button");
  button.type = "button";
  button.addEventListener("click", () => {
    if (paused()) {
      sessionStorage.removeItem(KEY);
      connect();
      later();
    } else {
      sessionStorage.setItem(KEY, "paused");
      disconnect();
    }
    show(button);
  });
  show(button);
  box.append(button);
  document.addEventListener("visibilitychange", () => (document.hidden ? disconnect() : connect()));
  connect();
}
