// Parts of a page marked data-live are replaced by those of a fresher copy; everything else stays, with focus and scroll.
// Parts marked data-part belong to what somebody has chosen, and change only when that changes.

const LIVE = "[data-live]";
const ALL = "[data-live], [data-part]";

const name = (part) => part.dataset.live ?? part.dataset.part;
const named = (page, which) => [...page.querySelectorAll(which)];
const names = (page) => named(page, ALL).map(name).join();

/** Fetch a page of ours as a document; throws where there is no connection, and for anything that is no such page. */
export async function fetched(href) {
  const answer = await fetch(href, { headers: { accept: "text/html" } });
  if (!answer.ok) throw new Error(`${answer.status}`);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return Object.assign(page, { here: new URL(answer.url) });
}

/** Replace what has changed. Returns what has to be said of it, or false when it is another kind of page now. */
export function renew(page, chosen = false) {
  if (names(page) !== names(document)) return false;
  const said = [];
  const before = document.activeElement;
  const fresh = new Map(named(page, ALL).map((part) => [name(part), part]));
  for (const part of named(document, chosen ? ALL : LIVE)) {
    const next = fresh.get(name(part));
    if (part.isEqualNode(next)) continue;
    const told = next.dataset.liveState;
    if (told !== undefined && told !== part.dataset.liveState) said.push(next.dataset.liveSay);
    // What somebody is working in stays: open details, and the focus, which finds its way by id or by address.
    for (const open of part.querySelectorAll("details[open][id]")) {
      next.querySelector(`#${CSS.escape(open.id)}`)?.setAttribute("open", "");
    }
    const focus = part.contains(before) && (before.id ? `#${CSS.escape(before.id)}` : focusable(before));
    part.replaceWith(document.adoptNode(next));
    if (focus) next.querySelector(focus)?.focus({ preventScroll: true });
  }
  document.title = page.title;
  document.dispatchEvent(new CustomEvent("renewed"));
  return said;
}

function focusable(element) {
  const href = element.getAttribute("href");
  return href ? `a[href="${CSS.escape(href)}"]` : element.tagName.toLowerCase() + (element.tabIndex === 0 ? "[tabindex]" : "");
}
