/* Keys. Ctrl-K opens the palette, ? the list of shortcuts, and every data-keys="g c" (one key, or
   two after each other) runs its element. Nothing happens while someone types in a field. */
import { openDialog } from "./dialogs.js";
import { gatherActions } from "./palette.js";

const PAUSE_MS = 1200;
const ALWAYS = [
  { keys: "Ctrl K", name: "Go to a page or action" },
  { keys: "Esc", name: "Close what is open" },
];
let before = "";
let beforeAt = 0;

const typing = (element) =>
  element.closest("input:not([type=radio], [type=checkbox], [type=range]), textarea, select, [contenteditable]");

function pressed(key) {
  const pair = performance.now() - beforeAt < PAUSE_MS ? `${before} ${key}` : key;
  before = key;
  beforeAt = performance.now();
  const actions = gatherActions();
  return actions.find((action) => action.keys === pair) ?? actions.find((action) => action.keys === key);
}

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    if (!document.querySelector("dialog[open]")) openDialog("palette");
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (typing(event.target) || document.querySelector("dialog[open]")) return;
  const action = pressed(event.key);
  if (!action) return;
  event.preventDefault();
  action.run();
});

/* A link that looks and is announced like a button also answers to Space like one. */
document.addEventListener("keydown", (event) => {
  if (event.key !== " " || !event.target.matches('a[role="button"]')) return;
  event.preventDefault();
  event.target.click();
});

document.getElementById("shortcuts").addEventListener("opening", (event) => {
  const rows = [...ALWAYS, ...gatherActions().filter((action) => action.keys)];
  event.target.querySelector("dl").replaceChildren(...rows.flatMap(row));
});

function row({ keys, name }) {
  const term = document.createElement("dt");
  term.append(Object.assign(document.createElement("kbd"), { textContent: keys }));
  return [term, Object.assign(document.createElement("dd"), { textContent: name })];
}
