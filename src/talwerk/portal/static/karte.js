// The moving map: loaded when it comes into sight, and only here. The drawing, the form and the list are complete
// without it; both sides show the same, because both read the same address.

import { fetched, renew } from "./parts.js";
import { drawSigns, style, tokens } from "./karte-style.js";
import { cards, ofEntry, ofFeatures } from "./karte-popup.js";
import { slider } from "./karte-time.js";

const stage = document.querySelector("[data-map]");
const form = document.querySelector("[data-map-form]");
const words = stage.dataset;
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const REACH = 22; // pixels around a finger
const FOCUS_MS = 250; // whoever tabs through the list does not want to fly to each entry
const CHOOSE_MS = 350;
const ROOM_PX = { top: 20, bottom: 20, left: 36, right: 36 }; // names at the edge want some
const CLOSE_UP = 13.5;

let map = null;
let card = null;
let choosing = 0;
let focusing = 0;

/** The address of what is chosen now: the fields of the form, with the place that the map shows. */
function address() {
  const fields = new FormData(form);
  const told = new URLSearchParams();
  const layers = fields.getAll("ebene").join(",");
  if (layers) told.set("ebene", layers);
  for (const [name, value] of fields) {
    if (name !== "ebene" && value && name !== "mitte" && name !== "zoom") told.set(name, value);
  }
  if (!layers) told.set("text", fields.get("text") ?? "");
  if (map && moved()) {
    const at = map.getCenter();
    told.set("mitte", `${at.lng.toFixed(4)},${at.lat.toFixed(4)}`);
    told.set("zoom", map.getZoom().toFixed(1));
  }
  const query = told.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
  return query ? `${form.action}?${query}` : form.action;
}

let home = null; // the whole city, as it was fitted
function moved() {
  const at = map.getCenter();
  return !home || Math.abs(map.getZoom() - home.zoom) > 0.05 || Math.abs(at.lng - home.lng) > 0.0005 || Math.abs(at.lat - home.lat) > 0.0005;
}

/** Show what is chosen now, on the map and in the list, without leaving the page. */
async function choose(href = address()) {
  clearTimeout(choosing);
  let page;
  try {
    page = await fetched(href);
  } catch {
    location.assign(href); // the page itself says what is wrong
    return;
  }
  history.pushState(null, "", href);
  stage.dataset.points = page.querySelector("[data-map]").dataset.points;
  card?.close();
  if (renew(page, true) === false) location.reload();
  document.dispatchEvent(new CustomEvent("say", { detail: document.querySelector("[data-map-told]").textContent.trim() }));
}

function refresh() {
  map?.getSource("points")?.setData(stage.dataset.points);
  buttons();
}

// --- the list ---------------------------------------------------------------------------------------------------------

/** Each entry that has a place gets a button that shows it; the list itself comes from the server. */
function buttons() {
  if (!map) return;
  for (const row of document.querySelectorAll("[data-map-list] [data-at]:not([data-ready])")) {
    row.dataset.ready = "";
    const button = Object.assign(document.createElement("button"), { type: "button", className: "map-show", textContent: words.showShort });
    button.setAttribute("aria-label", `${words.show}: ${row.querySelector(".map-what > :first-child").textContent}`);
    row.append(button);
  }
}

function show(row, opener) {
  const at = row.dataset.at.split(",").map(Number);
  const zoom = Math.max(map.getZoom(), CLOSE_UP);
  // Below the middle, so that its card has room above it.
  const offset = [0, stage.clientHeight / 4];
  map.easeTo({ center: at, zoom, offset, duration: calm.matches ? 0 : 600 });
  if (opener) stage.scrollIntoView({ block: "nearest", behavior: calm.matches ? "instant" : "smooth" });
  card.open(at, ofEntry(row, words), opener);
}

// --- the map ----------------------------------------------------------------------------------------------------------

async function start() {
  const note = Object.assign(document.createElement("p"), { className: "map-note", textContent: words.loading });
  stage.append(note);
  try {
    await build();
    note.remove();
  } catch (error) {
    console.info(String(error?.message ?? error));
    map?.remove();
    map = null;
    stage.querySelector(".map-live")?.remove();
    note.textContent = words.fail;
  }
}

async function build() {
  const lib = await import("./vendor/maplibre-gl.mjs");
  lib.setWorkerUrl(new URL("./vendor/maplibre-gl-worker.mjs", import.meta.url).href);
  const told = {
    ground: new URL(words.ground, location.href).href, points: new URL(words.points, location.href).href,
    official: "official" in words, many: "many" in words, layers: (words.tileLayers ?? "").split(" "), raster: words.tileKind === "raster",
  };
  if (words.tiles) told.tiles = await tiles(lib);
  await document.fonts?.load("14px 'Fira Sans'");
  const box = stage.appendChild(Object.assign(document.createElement("div"), { className: "map-live" }));
  const [west, south, east, north] = words.bounds.split(",").map(Number);
  const whole = [[west, south], [east, north]];
  map = new lib.Map({
    container: box, style: style(tokens(), told), attributionControl: false, dragRotate: false, pitchWithRotate: false,
    touchPitch: false, minZoom: 7, maxZoom: 18, fadeDuration: calm.matches || told.many ? 0 : 200, locale: { "Map.Title": words.label },
    maxBounds: [[west - 0.35, south - 0.25], [east + 0.35, north + 0.25]], cooperativeGestures: false,
    bounds: whole, fitBoundsOptions: { padding: ROOM_PX }, renderWorldCopies: false,
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  home = { ...map.getCenter(), zoom: map.getZoom() };
  // From the beginning: with nothing left to draw, a map stands still in the very frame in which it is loaded.
  map.once("idle", () => { stage.dataset.mapIdle = ""; });
  if (words.centre) map.jumpTo({ center: words.centre.split(",").map(Number), zoom: Number(words.zoom ?? 13) });
  card = cards(lib, map, words);
  box.append(controls(whole));
  map.on("style.load", () => drawSigns(map, tokens()));
  await new Promise((done, failed) => { map.once("load", done); map.once("error", (event) => failed(event.error)); });
  listen(told);
  stage.dataset.mapReady = "";
  buttons();
}

async function tiles(lib) {
  await new Promise((done, failed) => {
    document.head.append(Object.assign(document.createElement("script"), { src: words.pmtiles, onload: done, onerror: failed }));
  });
  lib.addProtocol("pmtiles", new globalThis.pmtiles.Protocol().tile);
  return `pmtiles://${new URL(words.tiles, location.href).href}`;
}

function controls(whole) {
  const box = Object.assign(document.createElement("div"), { className: "map-controls" });
  const step = (by) => map.easeTo({ zoom: map.getZoom() + by, duration: calm.matches ? 0 : 250 });
  for (const [sign, label, act] of [
    ["+", words.in, () => step(1)],
    ["\u2212", words.out, () => step(-1)],
    ["\u25a2", words.all, () => map.fitBounds(whole, { padding: ROOM_PX, animate: !calm.matches, duration: 500 })],
  ]) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: sign, title: label });
    button.setAttribute("aria-label", label);
    button.addEventListener("click", act);
    box.append(button);
  }
  return box;
}

/** What lies at a place of the drawing, the nearest first. */
function near(point, reach) {
  const box = [[point.x - reach, point.y - reach], [point.x + reach, point.y + reach]];
  const away = (one) => {
    const at = map.project(one.geometry.coordinates);
    return (at.x - point.x) ** 2 + (at.y - point.y) ** 2;
  };
  return map.queryRenderedFeatures(box, { layers: ["points"] }).sort((one, other) => away(one) - away(other));
}

function tell(found, opener = null) {
  const at = found[0].geometry.coordinates;
  // Those on the very same place share its card; a neighbour has its own.
  const here = found.filter((one) => Math.abs(one.geometry.coordinates[0] - at[0]) + Math.abs(one.geometry.coordinates[1] - at[1]) < 2e-5);
  card.open(at, ofFeatures(here, words), opener);
}

function listen(told) {
  const canvas = map.getCanvas();
  map.on("click", (event) => {
    const found = near(event.point, REACH);
    if (found.length) { tell(found); return; }
    const areas = map.queryRenderedFeatures(event.point, { layers: ["areas"] });
    if (areas.length) card.open(event.lngLat.toArray(), ofFeatures(areas, words));
    else card.close();
  });
  map.on("mousemove", (event) => { canvas.style.cursor = near(event.point, 10).length ? "pointer" : ""; });
  canvas.addEventListener("keydown", (event) => {
    if (event.key === "Escape") card.close();
    if (event.key !== "Enter") return;
    const found = near(map.project(map.getCenter()), Math.max(canvas.clientWidth, canvas.clientHeight));
    if (found.length) tell(found, canvas);
  });
  map.on("moveend", () => history.replaceState(null, "", address()));
  for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) {
    matchMedia(query).addEventListener("change", () => {
      const t = tokens();
      map.setStyle(style(t, { ...told, points: new URL(words.points, location.href).href }));
      drawSigns(map, t);
    });
  }
}

// --- everything together ----------------------------------------------------------------------------------------------

if (stage && form) {
  form.addEventListener("submit", (event) => { event.preventDefault(); choose(); });
  form.addEventListener("change", () => { clearTimeout(choosing); choosing = setTimeout(choose, CHOOSE_MS); });
  slider(document.querySelector("[data-map-time]"), () => choose());
  addEventListener("popstate", () => location.reload());
  document.addEventListener("renewed", refresh);
  document.addEventListener("click", (event) => {
    const button = event.target.closest(".map-show");
    if (button && map) show(button.closest("[data-at]"), button);
  });
  document.addEventListener("focusin", (event) => {
    const row = event.target.closest("[data-map-list] [data-at]");
    clearTimeout(focusing);
    // Whoever leaves a card comes back to its entry, and has seen it.
    if (row && map && !event.relatedTarget?.closest(".map-said")) focusing = setTimeout(() => show(row), FOCUS_MS);
  });
  new IntersectionObserver((seen, watch) => {
    if (!seen.some((one) => one.isIntersecting)) return;
    watch.disconnect();
    start();
  }, { rootMargin: "200px" }).observe(stage);
}
