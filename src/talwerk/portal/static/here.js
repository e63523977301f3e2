// Suggestions while somebody types a street or a quarter, as a combobox with a list; and the button that prints.
// htmx sends the text (by POST, never in an address) and puts the options into the list; without this script the
// form is complete.

const SHORTEST = 3;

function enhance(form) {
  const field = form.querySelector("input[name=ort]");
  const list = form.querySelector("[role=listbox]");
  const status = form.querySelector("[role=status]");
  let at = -1;

  const options = () => [...list.children];

  function show(open) {
    list.hidden = !open;
    field.setAttribute("aria-expanded", String(open));
    if (!open) point(-1);
  }

  function point(index) {
    at = index;
    options().forEach((one, number) => one.setAttribute("aria-selected", String(number === at)));
    const chosen = options()[at];
    if (chosen) {
      field.setAttribute("aria-activedescendant", chosen.id);
      chosen.scrollIntoView({ block: "nearest" });
    } else {
      field.removeAttribute("aria-activedescendant");
    }
  }

  function clear() {
    list.replaceChildren();
    status.textContent = "";
    show(false);
  }

  function take(option) {
    if (option.dataset.href) {
      location.assign(option.dataset.href);
      return;
    }
    field.value = option.dataset.text;
    // A street was chosen, also where a quarter has the same name.
    form.querySelector("input[name=strasse]").disabled = false;
    clear();
    form.requestSubmit();
  }

  field.setAttribute("role", "combobox");
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-controls", list.id);
  show(false);

  field.addEventListener("htmx:beforeRequest", (event) => {
    if (field.value.trim().length >= SHORTEST) return;
    event.preventDefault();
    clear();
  });
  list.addEventListener("htmx:afterSwap", () => {
    const found = options().length;
    // An answer that comes after the person went on would open a list over something else.
    show(found > 0 && document.activeElement === field);
    status.textContent = found ? form.dataset[found === 1 ? "one" : "many"].replace("#", found) : "";
  });
  field.addEventListener("keydown", (event) => {
    const count = options().length;
    if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      clear();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && count) {
      event.preventDefault();
      show(true);
      const step = event.key === "ArrowDown" ? 1 : -1;
      point(at < 0 && step < 0 ? count - 1 : (at + step + count) % count);
    } else if (event.key === "Enter" && at >= 0 && !list.hidden) {
      event.preventDefault();
      take(options()[at]);
    }
  });
  field.addEventListener("blur", () => show(false));
  // The field keeps the focus while an option is pressed.
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) take(option);
  });
}

for (const form of document.querySelectorAll("form[data-here]")) enhance(form);

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
