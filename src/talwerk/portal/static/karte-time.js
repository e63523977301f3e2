// The moment that is shown: the choice of the form becomes a line of hours that can be drawn back a week.

const HOUR_MS = 3_600_000;
const HOURS = 168;

/** Put the slider in place of the choice; `chosen` is called when somebody lets go of it. */
export function slider(select, chosen) {
  const now = Date.parse(select.dataset.newest); // the newest full hour, by the clock of the city
  const hidden = Object.assign(document.createElement("input"), { type: "hidden", name: select.name, value: select.value });
  hidden.setAttribute("form", select.getAttribute("form"));
  // The rightmost place is now, the one before it the last full hour.
  const back = select.value ? Math.round((now - Date.parse(select.value)) / HOUR_MS) : -1;
  const line = Object.assign(document.createElement("input"), { type: "range", min: 0, max: HOURS + 1, step: 1, id: select.id, className: "map-hours" });
  line.value = HOURS - Math.min(back, HOURS);
  const told = Object.assign(document.createElement("output"), { className: "map-moment" });
  told.setAttribute("for", line.id);
  const write = new Intl.DateTimeFormat(document.documentElement.lang, { weekday: "short", day: "numeric", month: "numeric", hour: "numeric", minute: "2-digit", timeZone: select.dataset.zone });
  const moment = () => (Number(line.value) > HOURS ? "" : new Date(now - (HOURS - line.value) * HOUR_MS).toISOString().slice(0, 16) + "Z");
  const say = (at) => {
    told.textContent = at ? write.format(new Date(at)) : select.dataset.now;
    line.setAttribute("aria-valuetext", told.textContent);
  };
  say(select.value);
  line.addEventListener("input", () => say(moment()));
  line.addEventListener("change", () => { hidden.value = moment(); chosen(); });
  select.replaceWith(line, told, hidden);
}
