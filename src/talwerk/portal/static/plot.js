// The chart of a measuring point, drawn over the one that came with the page: same edges, same values, and every value
// can be read by pointer, finger or keyboard. The drawn one stays beneath, for print and for those who listen.

const figure = document.querySelector("[data-plot]");
const dark = matchMedia("(prefers-color-scheme: dark)");
const forced = matchMedia("(forced-colors: active)");
const wide = matchMedia("(min-width: 48rem)");
const LABEL_HALF_PX = 28;

let plot = null;
let data = null;
let shown = null; // the stretch that is zoomed into, null for all of it
let read = 0; // the value that is told

const reading = () => figure.querySelector("[data-readout]");
const slider = () => figure.querySelector("input[type=range]");
const clamp = (low, value, high) => Math.min(Math.max(value, low), high);

function format(options) {
  return new Intl.DateTimeFormat(data.locale, { timeZone: data.zone, ...options });
}

function part(date, options, type) {
  return format(options).formatToParts(date).find((one) => one.type === type)?.value ?? "";
}

function clock(date) {
  const hour = part(date, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }, "hour").padStart(2, "0");
  const minute = part(date, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }, "minute").padStart(2, "0");
  return data.words.clock.replace("{hour}", data.words.padded ? hour : Number(hour)).replace("{minute}", minute);
}

function moment(seconds) {
  const date = new Date(seconds * 1000);
  const day = format({ day: "numeric", month: "short", year: span() > 300 * 86400 ? "numeric" : undefined }).format(date);
  return data.step >= 86400 ? day : `${day}, ${clock(date)}`;
}

function number(value) {
  const told = new Intl.NumberFormat(data.locale, {
    minimumFractionDigits: data.decimals, maximumFractionDigits: data.decimals,
  }).format(value);
  return told.replace("-", "\u2212");
}

const amount = (value) => (data.unit ? `${number(value)}\u00a0${data.unit}` : number(value));
const span = () => (plot ? plot.scales.x.max - plot.scales.x.min : data.end - data.start);

/** A value in words, with its time and what is to be known of it. */
function said(index) {
  const value = data.v[index];
  if (value === null || value === undefined) return "";
  const words = [moment(data.t[index]), amount(value)];
  if (data.low) words[1] += ` (${data.words.span.replace("{low}", number(data.low[index])).replace("{high}", number(data.high[index]))})`;
  if (data.q) words.push(data.quality[data.q[index]]);
  return words.filter(Boolean).join(" · ");
}

/** The newest value that can be read: none that failed, and no gap. */
function newest() {
  const failed = new Set((data.marks ?? []).filter(([, kind]) => kind === "failed").map(([index]) => index));
  return Math.max(data.v.findLastIndex((value, index) => value !== null && !failed.has(index)), 0);
}

function tell(index) {
  const words = said(index);
  if (!words) return;
  read = index;
  reading().textContent = words;
  slider().value = String(index);
  slider().setAttribute("aria-valuetext", words);
}

function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** Times as people read them: hours within days, days within months, months within years. */
/** Room beside the chart for the names of levels. */
const room = () => (wide.matches && data.levels.length ? 146 : 0);

/** Words of the time axis; the last is left out where the edge of the drawing would cut it. */
function times(drawn, ticks, _axis, _space, step) {
  const { min, max } = drawn.scales.x;
  const cut = (tick) => !room() && ((max - tick) / (max - min)) * drawn.width < LABEL_HALF_PX;
  const hour = (date) => Number(part(date, { hour: "2-digit", hourCycle: "h23" }, "hour"));
  return ticks.map((tick) => {
    if (cut(tick)) return "";
    const date = new Date(tick * 1000);
    if (step >= 364 * 86400) return format({ year: "numeric" }).format(date);
    if (step >= 27 * 86400) return format({ month: "short", year: "2-digit" }).format(date);
    const minute = part(date, { minute: "2-digit" }, "minute").padStart(2, "0"); // some languages give one digit here
    if (step >= 86400 || (hour(date) === 0 && minute === "00")) return format({ day: "numeric", month: "short" }).format(date);
    return step >= 3600 ? data.words.hour.replace("{hour}", data.words.padded ? String(hour(date)).padStart(2, "0") : hour(date)) : clock(date).replace(/\s.*$/, "");
  });
}

function line(context, from, to, colour, width, dash = []) {
  context.save();
  context.strokeStyle = colour;
  context.lineWidth = width * devicePixelRatio;
  context.setLineDash(dash.map((one) => one * devicePixelRatio));
  context.beginPath();
  context.moveTo(...from);
  context.lineTo(...to);
  context.stroke();
  context.restore();
}

/** The newest value of a line, if it lies in the stretch that is shown. */
function last(drawn) {
  const index = newest();
  if (data.low || data.form === "bars" || data.t[index] > drawn.scales.x.max) return;
  const context = drawn.ctx;
  context.save();
  context.fillStyle = token("river");
  context.strokeStyle = token("surface");
  context.lineWidth = 2 * devicePixelRatio;
  context.beginPath();
  context.arc(drawn.valToPos(data.t[index], "x", true), drawn.valToPos(data.v[index], "y", true), 5 * devicePixelRatio, 0, 7);
  context.fill();
  context.stroke();
  context.restore();
}

/** Thresholds with their names, the present, and values that are flagged. */
function marks(drawn) {
  const { ctx: context, bbox: box } = drawn;
  const ratio = devicePixelRatio;
  const right = box.left + box.width;
  context.save();
  const family = getComputedStyle(document.body).fontFamily;
  context.font = `${14 * ratio}px ${family}`;
  context.fillStyle = token("muted");
  context.textAlign = data.unit.length > 3 ? "left" : "right";
  context.fillText(data.unit, data.unit.length > 3 ? 0 : box.left - 10 * ratio, 14 * ratio);
  context.font = `600 ${14 * ratio}px ${family}`;
  for (const level of data.levels) {
    const colour = token(`stage-${level.stage}`);
    const place = drawn.valToPos(level.value, "y", true);
    line(context, [box.left, place], [right, place], colour, 2, [8, 5]);
    context.fillStyle = colour;
    context.strokeStyle = token("surface");
    context.lineWidth = 4 * ratio;
    context.textAlign = wide.matches ? "left" : "right";
    context.textBaseline = wide.matches ? "middle" : "bottom";
    const at = [wide.matches ? right + 8 * ratio : right - 8 * ratio, wide.matches ? place : place - 4 * ratio];
    context.strokeText(level.label, ...at);
    context.fillText(level.label, ...at);
  }
  if (data.now !== null && data.now <= drawn.scales.x.max) {
    const place = drawn.valToPos(data.now, "x", true);
    line(context, [place, box.top], [place, box.top + box.height], token("muted"), 1.5);
  }
  for (const [index, kind, value] of data.marks ?? []) {
    if (data.t[index] < drawn.scales.x.min || data.t[index] > drawn.scales.x.max) continue;
    const x = drawn.valToPos(data.t[index], "x", true);
    const y = drawn.valToPos(clamp(data.floor, value, data.top), "y", true);
    sign(context, kind, x, y, ratio);
  }
  context.restore();
}

function sign(context, kind, x, y, ratio) {
  context.strokeStyle = token("stage-2");
  context.fillStyle = token("surface");
  context.lineWidth = 2 * ratio;
  context.beginPath();
  const places = kind === "failed" ? [[-4, -4], [4, 4], null, [4, -4], [-4, 4]] : [[0, -6], [6, 4], [-6, 4], [0, -6], [6, 4]];
  let lifted = true;
  for (const place of places) {
    if (place) context[lifted ? "moveTo" : "lineTo"](x + place[0] * ratio, y + place[1] * ratio);
    lifted = !place;
  }
  if (kind !== "failed") context.fill();
  context.stroke();
}

function columns() {
  const bars = data.form === "bars";
  // What failed is no part of the line, and interrupts it as little: undefined is skipped where null is a gap.
  const failed = new Set((data.marks ?? []).filter(([, kind]) => kind === "failed").map(([index]) => index));
  const values = data.v.map((value, index) => (failed.has(index) ? undefined : value));
  const stroke = token("river");
  const series = [{}, {
    stroke, width: bars ? 0 : 2.5, fill: bars ? stroke : undefined, points: { show: false },
    paths: bars ? uPlot.paths.bars({ size: [0.9, Infinity], align: 1 }) : undefined,
  }];
  if (!data.low) return { values: [data.t, values], series, bands: [] };
  const edge = { stroke: token("line"), width: 1, points: { show: false } };
  return {
    values: [data.t, values, data.high, data.low],
    series: [...series, edge, edge],
    bands: [{ series: [2, 3], fill: token("river-soft") }],
  };
}

function options(size, series, bands) {
  const font = `14px ${getComputedStyle(document.body).fontFamily}`;
  const axis = { stroke: token("muted"), font, ticks: { show: false } };
  return {
    ...size, series, bands,
    padding: [24, room() || 12, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { size: 9 }, drag: { x: true, y: false, dist: 8, setScale: false } },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), data.zone),
    scales: {
      x: { time: true, range: (_plot, low, high) => (shown && low !== null ? [low, high] : [data.start, data.end]) },
      y: { range: () => [data.floor, data.top] },
    },
    axes: [
      { ...axis, grid: { show: false }, values: times, space: wide.matches ? 90 : 76 },
      { ...axis, grid: { stroke: token("line"), width: 1 }, size: wide.matches ? 56 : 46, space: 50,
        values: (_plot, ticks) => ticks.map((tick) => new Intl.NumberFormat(data.locale).format(tick).replace("-", "\u2212")) },
    ],
    hooks: {
      draw: [marks, last],
      setCursor: [(drawn) => drawn.cursor.idx !== null && drawn.cursor.idx !== undefined && drawn.cursor.left >= 0 && tell(drawn.cursor.idx)],
      setSelect: [(drawn) => zoom(drawn.posToVal(drawn.select.left, "x"), drawn.posToVal(drawn.select.left + drawn.select.width, "x"))],
    },
  };
}

function draw() {
  const picture = figure.querySelector(".picture");
  const source = figure.querySelector("script[type='application/json']");
  plot?.destroy();
  plot = null;
  figure.classList.toggle("drawn", Boolean(source));
  if (!source) return;
  data = JSON.parse(source.textContent);
  const { width, height } = picture.getBoundingClientRect();
  const { values, series, bands } = columns();
  plot = new uPlot(options({ width, height }, series, bands), values, picture);
  // What a select does is a zoom of our own, so that the buttons know of it; a double press shows everything again.
  plot.over.addEventListener("dblclick", () => zoom(data.start, data.end));
  if (shown) plot.setScale("x", { min: shown[0], max: shown[1] });
  slider().max = String(data.t.length - 1);
  for (const button of figure.querySelectorAll("button")) button.disabled = false;
  slider().disabled = false;
  able();
  tell(newest());
}

/** Which moves lead anywhere now. Not disabled, so that the focus stays where somebody presses again. */
function able() {
  const [low, high] = shown ?? [data.start, data.end];
  const moves = { closer: true, further: shown, all: shown, earlier: low > data.start, later: high < data.end };
  for (const button of figure.querySelectorAll("[data-move]")) {
    button.setAttribute("aria-disabled", String(!moves[button.dataset.move]));
  }
}

/** Show a stretch of the window: never less than a few values, never more than there is. */
function zoom(from, to) {
  if (!(to - from > 0)) return;
  const least = Math.min(data.end - data.start, 8 * (data.step || (data.end - data.start) / Math.max(data.t.length, 8)));
  const size = clamp(least, to - from, data.end - data.start);
  const low = clamp(data.start, (from + to - size) / 2, data.end - size);
  shown = size >= data.end - data.start ? null : [low, low + size];
  plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
  plot.setScale("x", { min: low, max: low + size });
  able();
}

/** Half of the stretch, around what is read, or else around its middle. */
function closer(low, high) {
  const at = data.t[read] >= low && data.t[read] <= high ? data.t[read] : (low + high) / 2;
  return [at - (high - low) / 4, at + (high - low) / 4];
}

const MOVES = {
  closer,
  further: (low, high) => [low - (high - low) / 2, high + (high - low) / 2],
  earlier: (low, high) => [low - (high - low) / 2, high - (high - low) / 2],
  later: (low, high) => [low + (high - low) / 2, high + (high - low) / 2],
  all: () => [data.start, data.end],
};

function point(index) {
  const at = data.t[index];
  const { min, max } = plot.scales.x;
  if (at < min || at > max) zoom(at - (max - min) / 2, at + (max - min) / 2);
  tell(index);
  place();
}

/** Put the line where the value is that is read, after the scale has moved; away with it when that is out of sight. */
function place() {
  requestAnimationFrame(() => {
    const { min, max } = plot.scales.x;
    const at = data.t[read];
    plot.setCursor(at < min || at > max ? { left: -10, top: -10 } : { left: plot.valToPos(at, "x"), top: 0 }, false);
  });
}

if (figure && globalThis.uPlot) {
  draw();
  let width = figure.clientWidth;
  new ResizeObserver(() => {
    if (figure.clientWidth === width || !plot) return;
    width = figure.clientWidth;
    draw();
  }).observe(figure);
  for (const media of [dark, forced]) media.addEventListener("change", draw);
  document.fonts.ready.then(() => plot?.redraw());
  document.addEventListener("renewed", () => {
    const before = data;
    const source = figure.querySelector("script[type='application/json']");
    const next = source && JSON.parse(source.textContent);
    // The same window, a little later, stays where somebody has zoomed to.
    if (!before || !next || Math.abs(next.end - next.start - (before.end - before.start)) > 1) shown = null;
    draw();
  });
  figure.addEventListener("click", (event) => {
    const move = MOVES[event.target.closest("button")?.dataset.move];
    if (!move || !plot) return;
    // The pointer's line would tell of another value once the scale has moved.
    const told = read;
    zoom(...move(plot.scales.x.min, plot.scales.x.max));
    tell(told);
    place();
  });
  figure.addEventListener("input", (event) => {
    if (event.target !== slider()) return;
    const index = Number(slider().value);
    const step = index >= (figure.last ?? index) ? 1 : -1;
    // A gap holds nothing to read: step over it.
    let wanted = index;
    while (data.v[wanted] === null && data.v[wanted + step] !== undefined) wanted += step;
    figure.last = wanted;
    if (data.v[wanted] !== null) point(wanted);
  });
}
