// The page for the time without a connection: which pages lie on this device, how old they are, and how to be rid of them.

const list = document.querySelector("[data-kept-list]");
const none = document.querySelector("[data-kept-none]");
const forget = document.querySelector("[data-kept-forget]");
const locale = document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang;
const moment = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });

/** The pages on this device but those that tell of them, the newest first, with the time they are from. */
async function kept() {
  const shelf = await caches.open("pages-1");
  const found = [];
  for (const request of (await shelf.keys()).reverse()) {
    const answer = await shelf.match(request);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!page.querySelector("[data-kept-list]")) found.push({ request, page, at: new Date(answer.headers.get("x-kept")) });
  }
  return found;
}

async function show() {
  const items = (await kept()).map(({ request, page, at }) => {
    const url = new URL(request.url);
    const item = document.createElement("li");
    const link = Object.assign(document.createElement("a"), { href: url.pathname + url.search, textContent: page.title });
    const when = Object.assign(document.createElement("span"), { className: "note", textContent: ` ${moment.format(at)}` });
    item.append(link, when);
    return item;
  });
  list.replaceChildren(...items);
  none.hidden = items.length > 0;
  forget.hidden = items.length === 0;
}

if (globalThis.caches) {
  forget.addEventListener("click", async () => {
    const shelf = await caches.open("pages-1");
    for (const { request } of await kept()) await shelf.delete(request);
    await show();
    none.focus();
  });
  show();
}
