// The page of a measuring point: another period without loading everything anew, and texts that can be copied.

import { fetched, renew } from "./parts.js";

let asked = 0;

/** Show another period in place. Where that fails, the browser follows the link as it always could. */
async function go(href, remember) {
  const turn = ++asked;
  try {
    const page = await fetched(href);
    if (turn !== asked) return;
    if (renew(page, true) === false) throw new Error("another kind of page");
  } catch {
    location.assign(href);
    return;
  }
  if (remember) history.pushState(null, "", href);
  const told = document.querySelector("figcaption")?.textContent.trim();
  if (told) document.dispatchEvent(new CustomEvent("say", { detail: told }));
}

/** Addresses that are shown name the whole of themselves: whoever copies them needs that. */
function complete() {
  for (const place of document.querySelectorAll("[data-origin]")) place.textContent = location.origin;
  for (const link of document.querySelectorAll("[data-mail]")) {
    const address = document.getElementById(link.dataset.mail).textContent.trim();
    link.href = `${link.getAttribute("href").split("&body=")[0]}&body=${encodeURIComponent(address)}`;
  }
}

async function copy(button) {
  const place = document.getElementById(button.dataset.copy);
  const text = place.textContent.trim().replace(/\s+/g, " ");
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without the right to write, at least the text is selected and one key copies it.
    getSelection().selectAllChildren(place);
    return;
  }
  document.dispatchEvent(new CustomEvent("say", { detail: button.dataset.copied }));
  const before = button.textContent;
  button.textContent = button.dataset.copied;
  setTimeout(() => { button.textContent = before; }, 2_000);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
  const link = event.target.closest("[data-swap] a");
  if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  go(link.href, true);
});
addEventListener("popstate", () => go(location.href, false));
document.addEventListener("renewed", complete);
complete();
