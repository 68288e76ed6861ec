/* The form of a new run: only the settings of the chosen way are open, and going on from an
   adapter leaves no way to choose. */

const form = document.getElementById("new-run");

function showWay() {
  const chosen = form.querySelector('[name="way"]:checked')?.value;
  for (const section of form.querySelectorAll("[data-way]")) {
    section.hidden = section.dataset.way !== chosen;
  }
}

function showGoingOn() {
  const goesOn = Boolean(form.elements.adapter?.value);
  form.querySelector(".ways").hidden = goesOn;
  form.querySelector("[data-going-on]").hidden = !goesOn;
}

/* What differs from the recipe or run that the form was begun from, by the fields' own words. */
const begun = new Map();

function fields() {
  const found = new Map();
  for (const field of form.querySelectorAll("select, input:not([type=hidden])")) {
    if (!field.name || field.name.startsWith("sweep_") || field.name.startsWith("recipe_")) continue;
    if (field.closest("[hidden]")) continue;
    if (field.type === "radio" && !field.checked) continue;
    const label = field.type === "radio" ? "What learns" : field.labels?.[0]?.textContent.trim();
    found.set(field.name + (field.id.match(/-\d+$/)?.[0] ?? ""), [label, shown(field)]);
  }
  return found;
}

function shown(field) {
  if (field.type === "checkbox") return field.checked ? "yes" : "no";
  if (field.type === "radio") return field.labels[0].querySelector("strong").textContent;
  if (field.tagName === "SELECT") return field.selectedOptions[0]?.textContent.trim() ?? "";
  return field.value.trim() || "empty";
}

function showDifferences() {
  const place = form.querySelector("[data-differences]");
  if (!place) return;
  const list = place.querySelector("ul");
  const changes = [...fields()].filter(([name, [, now]]) => begun.get(name)?.[1] !== now);
  list.replaceChildren(
    ...changes.map(([name, [label, now]]) => {
      const before = begun.get(name)?.[1];
      const text = before === undefined ? `${label}: ${now}` : `${label}: ${before} → ${now}`;
      return Object.assign(document.createElement("li"), { textContent: text });
    }),
  );
  place.hidden = changes.length === 0;
}

form.addEventListener("input", showDifferences);
form.addEventListener("change", (event) => {
  if (event.target.name === "way") showWay();
  if (event.target.name === "adapter") showGoingOn();
  showDifferences();
});
document.addEventListener("htmx:afterSettle", () => {
  showGoingOn();
  showDifferences();
});
showWay();
showGoingOn();
for (const [name, value] of fields()) begun.set(name, value);
