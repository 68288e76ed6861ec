/* Speech for screen readers, copy buttons and relative times.

   announce("Answer finished.")                   said politely, one sentence after the other
   new SentenceAnnouncer().add(delta), .end()     says whole sentences of a growing answer
   <button data-copy="text">, data-copy-from="ID" copies text, or what the element ID holds
   <time datetime="…" data-relative>              "5 min ago", kept fresh */

const region = document.getElementById("announcer");
const KEPT = 20;
const MINUTE_MS = 60_000;
const COPIED_MS = 2000;

/* The region is a log: readers queue what is added to it, and repeating a sentence is heard. */
export function announce(text) {
  if (!text.trim()) return;
  region.append(Object.assign(document.createElement("p"), { textContent: text.trim() }));
  while (region.childElementCount > KEPT) region.firstElementChild.remove();
}

export class SentenceAnnouncer {
  #rest = "";

  add(delta) {
    this.#rest += delta;
    const end = Math.max(...[...this.#rest.matchAll(/[.!?:]["')\]]?\s|\n/g)].map((m) => m.index + m[0].length), 0);
    if (end === 0) return;
    announce(this.#rest.slice(0, end));
    this.#rest = this.#rest.slice(end);
  }

  end() {
    announce(this.#rest);
    this.#rest = "";
  }
}

async function copy(button) {
  const source = document.getElementById(button.dataset.copyFrom ?? "");
  const text = source ? (source.value ?? source.textContent) : button.dataset.copy;
  button.dataset.label ??= button.textContent;
  button.textContent = (await written(text)) ? "Copied" : "Select and copy it by hand";
  announce(button.textContent);
  setTimeout(() => (button.textContent = button.dataset.label), COPIED_MS);
}

/* Without HTTPS a browser offers no clipboard except on localhost, so the old way follows. */
async function written(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return writtenByHand(text);
  }
}

function writtenByHand(text) {
  const field = Object.assign(document.createElement("textarea"), { value: text, className: "unseen" });
  (document.querySelector("dialog[open]") ?? document.body).append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  return done;
}

const STEPS = [
  [60, "second", 1],
  [3600, "minute", 60],
  [86_400, "hour", 3600],
  [86_400 * 30, "day", 86_400],
];
const words = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });

function relative(date) {
  const seconds = (date - Date.now()) / 1000;
  const step = STEPS.find(([limit]) => Math.abs(seconds) < limit);
  if (!step) return date.toLocaleDateString(undefined, { dateStyle: "medium" });
  if (step[1] === "second") return "just now";
  return words.format(Math.trunc(seconds / step[2]), step[1]);
}

export function freshenTimes(root = document) {
  for (const element of root.querySelectorAll("time[data-relative]")) {
    const date = new Date(element.dateTime);
    if (Number.isNaN(date.getTime())) continue;
    element.title ||= date.toLocaleString();
    element.textContent = relative(date);
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy], [data-copy-from]");
  if (button) copy(button);
});
document.addEventListener("htmx:afterSwap", () => freshenTimes());
setInterval(() => freshenTimes(), MINUTE_MS);
freshenTimes();
