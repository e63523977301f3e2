// Parts of a page marked data-live are replaced by those of a fresher copy; everything else stays, with focus and scroll.

const named = (page) => [...page.querySelectorAll("[data-live]")];
const names = (page) => named(page).map((part) => part.dataset.live).join();

/** Fetch a page of ours as a document; throws where there is no connection, and for anything that is no such page. */
export async function fetched(href) {
  const answer = await fetch(href, { headers: { accept: "text/html" } });
  if (!answer.ok) throw new Error(`${answer.status}`);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return Object.assign(page, { here: new URL(answer.url) });
}

/** Replace what has changed. Returns what has to be said of it, or false when it is another kind of page now. */
export function renew(page) {
  if (names(page) !== names(document)) return false;
  const said = [];
  const before = document.activeElement;
  for (const part of named(document)) {
    const next = page.querySelector(`[data-live="${part.dataset.live}"]`);
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
