/* The command palette (Ctrl-K or Cmd-K). What it offers is gathered when it opens:

   <a href="…" data-palette="Name">         any visible link or button, under this name
   <template data-palette>                  things that have no other place on the page:
     <a href="…">New conversation</a>         a link is followed
     <button data-opens="palette">…</button>  a button is clicked
   </template>
   registerAction({ name, keys, run })      from a module

   data-keys="g c" (or keys) is shown beside the name and works as a shortcut (shortcuts.js). */

const dialog = document.getElementById("palette");
const input = dialog.querySelector("input");
const list = dialog.querySelector("ul");
const empty = dialog.querySelector(".palette-empty");
const registered = [];
let entries = [];
let chosen = 0;

export function registerAction({ name, keys = "", run }) {
  registered.push({ name, keys, run });
}

export function gatherActions() {
  const marked = [...document.querySelectorAll("[data-palette]:not(template)")].map((element) => ({
    name: element.dataset.palette,
    keys: element.dataset.keys ?? "",
    run: () => element.click(),
  }));
  const hidden = [...document.querySelectorAll("template[data-palette]")].flatMap((template) =>
    [...template.content.querySelectorAll("a, button")].map((element) => ({
      name: element.textContent.trim(),
      keys: element.dataset.keys ?? "",
      run: () => clickCopy(element),
    })),
  );
  return [...marked, ...registered, ...hidden];
}

/* A template's elements are inert, so a copy is put into the page for the time of the click. */
function clickCopy(element) {
  const copy = element.cloneNode(true);
  copy.hidden = true;
  document.body.append(copy);
  copy.click();
  copy.remove();
}

function matches(name, query) {
  const words = name.toLowerCase();
  return query.toLowerCase().split(/\s+/).every((part) => words.includes(part));
}

function show() {
  const found = entries.filter((entry) => matches(entry.name, input.value.trim()));
  list.replaceChildren(...found.map(option));
  empty.hidden = found.length > 0;
  list.hidden = found.length === 0;
  input.setAttribute("aria-expanded", String(found.length > 0));
  choose(0);
}

function option(entry, index) {
  const item = document.createElement("li");
  item.id = `palette-option-${index}`;
  item.setAttribute("role", "option");
  item.append(Object.assign(document.createElement("span"), { textContent: entry.name }));
  if (entry.keys) item.append(Object.assign(document.createElement("kbd"), { textContent: entry.keys }));
  item.addEventListener("click", () => run(entry));
  item.entry = entry;
  return item;
}

function choose(index) {
  const items = [...list.children];
  chosen = items.length ? (index + items.length) % items.length : 0;
  items.forEach((item, i) => item.setAttribute("aria-selected", String(i === chosen)));
  input.setAttribute("aria-activedescendant", items[chosen]?.id ?? "");
  items[chosen]?.scrollIntoView({ block: "nearest" });
}

function run(entry) {
  dialog.close();
  entry.run();
}

const KEYS = {
  ArrowDown: () => choose(chosen + 1),
  ArrowUp: () => choose(chosen - 1),
  Enter: () => list.children[chosen] && run(list.children[chosen].entry),
};

input.addEventListener("input", show);
input.addEventListener("keydown", (event) => {
  if (!KEYS[event.key] || event.isComposing) return;
  event.preventDefault();
  KEYS[event.key]();
});
dialog.addEventListener("opening", () => {
  entries = gatherActions();
  input.value = "";
  show();
});
