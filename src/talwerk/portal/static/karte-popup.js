// What a place on the map says: a small card, written with text alone, reachable by keyboard and left with Escape.

const SHOWN_MAX = 6; // of places that lie on one another

/** Cards of one map; `words` are the texts of its stage. */
export function cards(lib, map, words) {
  const card = new lib.Popup({ closeButton: false, closeOnClick: false, focusAfterOpen: false, maxWidth: "20rem", anchor: "bottom", offset: 16, className: "map-card-popup" });
  let back = null; // who opened it, and gets the focus when it closes

  function close() {
    if (!card.isOpen()) return;
    if (card.getElement()?.contains(document.activeElement)) back?.focus({ preventScroll: true });
    card.remove();
    map.getSource("chosen")?.setData({ type: "FeatureCollection", features: [] });
  }

  function open(at, content, opener = null) {
    back = opener;
    const box = element("div", "map-said");
    box.append(...content);
    box.lastElementChild.append(closing(words.close, close));
    card.setLngLat(at).setDOMContent(box);
    if (!card.isOpen()) card.addTo(map);
    box.addEventListener("keydown", (event) => { if (event.key === "Escape") { event.stopPropagation(); close(); } });
    map.getSource("chosen")?.setData({ type: "Feature", properties: {}, geometry: { type: "Point", coordinates: at } });
    if (opener) box.querySelector("a, button").focus({ preventScroll: true });
  }

  return { open, close, isOpen: () => card.isOpen() };
}

/** The card of features as the map knows them. */
export function ofFeatures(features, words) {
  const once = [...new Map(features.map((one) => [one.properties.id + one.properties.name, one.properties])).values()];
  return once.slice(0, SHOWN_MAX).map((told) => {
    const part = element("section", `map-one s-${told.state}`);
    part.append(title(told.name), note([told.layer, told.note]));
    if (told.value) part.append(value(told.quantity, told.value), note([told.word, told.age]));
    if (told.href) part.append(more(told.href, told.name, words.more));
    return part;
  });
}

/** The card of an entry of the list: the same words. */
export function ofEntry(row, words) {
  const link = row.querySelector(".map-what a");
  const part = element("section", `map-one ${row.className}`);
  part.append(title(row.querySelector(".map-what > :first-child").textContent));
  for (const line of [row.querySelector(".map-what .note"), ...row.querySelectorAll(".map-values > li")]) {
    if (!line) continue;
    const copy = element("p", line.className);
    copy.append(...[...line.cloneNode(true).childNodes]);
    part.append(copy);
  }
  if (link) part.append(more(link.href, link.textContent, words.more));
  return [part];
}

function title(name) {
  const heading = element("h3");
  heading.textContent = name;
  return heading;
}

function value(quantity, told) {
  const line = element("p");
  const number = element("b");
  number.textContent = told;
  line.append(`${quantity} `, number);
  return line;
}

function note(parts) {
  const line = element("p", "note");
  line.textContent = parts.filter(Boolean).join(" · ");
  return line;
}

function more(href, name, text) {
  const link = element("a", "map-more");
  link.href = href;
  link.textContent = text;
  link.setAttribute("aria-label", `${text}: ${name}`);
  return link;
}

function closing(text, close) {
  const button = element("button", "map-close");
  button.type = "button";
  button.textContent = text;
  button.addEventListener("click", close);
  return button;
}

function element(tag, className = "") {
  return Object.assign(document.createElement(tag), { className });
}
