/* The keys of the ranking page, and their lines in the list of shortcuts. Nothing happens while
   somebody types; Esc leaves a field, Ctrl Enter submits from one. */

const GO_MS = 1200; // "g" begins the two keys that go to another place
const LISTED = [
  ["1–9", "Rank the answer next, or select it"],
  ["↑ ↓", "Move the selected answer up or down"],
  ["T or =", "Tie it with the one above"],
  ["X", "Unacceptable from here on, or acceptable again"],
  ["B", "All bad"],
  ["Backspace", "Take it out of the ranking"],
  ["V", "Scroll to it"],
  ["F", "Flag or rate it"],
  ["E", "Write a better one"],
  ["C", "Comment"],
  ["L", "Guidelines"],
  ["Enter", "Submit"],
  ["S", "Skip"],
  ["U", "Undo the last task"],
];
const ACTS = {
  ArrowUp: "up",
  ArrowDown: "down",
  t: "tie",
  "=": "tie",
  x: "line",
  b: "bad",
  Backspace: "out",
  Delete: "out",
  v: "view",
  f: "flag",
  e: "improve",
  c: "comment",
  l: "guidelines",
  s: "skip",
  u: "undo",
  Escape: "leave",
};

const field = (element) => element.closest("input:not([type=radio], [type=checkbox]), textarea, select");
const pressable = (element) => element.closest("button, a, summary");
const takesArrows = (element) => element.closest("input[type=radio], .scrolls");

/* `act(name, place)` does what a key stands for and says whether it did. */
export function listen(act) {
  let wentAt = -GO_MS;

  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.altKey || document.querySelector("dialog[open]")) return;
    const goes = performance.now() - wentAt < GO_MS;
    wentAt = event.key === "g" && !field(event.target) ? performance.now() : -GO_MS;
    const name = named(event);
    if (name && !goes && act(name, Number(event.key) - 1)) event.preventDefault();
  });
}

function named({ key, target, ctrlKey, metaKey }) {
  if (key === "Enter" && (ctrlKey || metaKey)) return "submit";
  if (ctrlKey || metaKey) return null;
  if (field(target)) return key === "Escape" ? "leave" : null;
  if (key === "Enter") return pressable(target) ? null : "submit";
  if (key.startsWith("Arrow") && takesArrows(target)) return null;
  return /^[1-9]$/.test(key) ? "digit" : ACTS[key.length === 1 ? key.toLowerCase() : key];
}

/* The frame fills its list first, since it listened first. */
export function listKeys() {
  document.getElementById("shortcuts").addEventListener("opening", ({ target }) => {
    target.querySelector("dl").prepend(
      ...LISTED.flatMap(([keys, name]) => {
        const term = document.createElement("dt");
        term.append(Object.assign(document.createElement("kbd"), { textContent: keys }));
        return [term, Object.assign(document.createElement("dd"), { textContent: name })];
      }),
    );
  });
}
