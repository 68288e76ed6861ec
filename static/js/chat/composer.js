/* Writing: Enter sends, Shift-Enter breaks, Esc stops, ↑ in an empty box brings the last prompt
   back. What was typed survives a reload until it has been sent. */
const chat = document.querySelector(".chat");
const draftKey = `draft:${chat.dataset.conversation ?? "new"}`;
const LONGEST = 1_200_000;
const box = () => document.getElementById("text");

function grow(area) {
  area.style.height = "auto";
  area.style.height = `${area.scrollHeight + 2}px`;
}

function fill(text) {
  const area = box();
  area.value = text;
  grow(area);
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

function clear() {
  for (const field of document.querySelectorAll(".composer-fields :is(input, textarea)")) {
    field.value = field.defaultValue;
    if (field.matches("textarea")) grow(field);
  }
}

function lastPrompt() {
  return [...document.querySelectorAll(".turn.user .said")].at(-1)?.textContent ?? "";
}

function stop() {
  document.querySelector(".turn .stop")?.click();
}

/* The server refuses it too, but a far longer one would not even be read by it. */
function isTooLong() {
  return [...document.querySelectorAll(".composer textarea")].some((area) => area.value.length > LONGEST);
}

function refuse(sentence) {
  const said = Object.assign(document.createElement("p"), { className: "notice", role: "alert" });
  said.dataset.tone = "danger";
  said.textContent = sentence;
  document.getElementById("refused").replaceChildren(said);
}

function sends(event) {
  const area = event.target.closest?.(".composer textarea");
  if (!area || event.key !== "Enter" || event.isComposing) return false;
  return area.id === "text" ? !event.shiftKey : event.ctrlKey || event.metaKey;
}

document.addEventListener("keydown", (event) => {
  if (sends(event)) {
    event.preventDefault();
    event.target.form.requestSubmit();
  } else if (event.key === "ArrowUp" && event.target.id === "text" && !event.target.value) {
    event.preventDefault();
    fill(lastPrompt());
  } else if (event.key === "Escape" && !document.querySelector("dialog[open]")) {
    stop();
  }
});
document.addEventListener("input", (event) => {
  if (event.target.matches(".composer textarea")) grow(event.target);
  if (event.target.id !== "text") return;
  try {
    sessionStorage.setItem(draftKey, event.target.value);
  } catch {
    sessionStorage.removeItem(draftKey);
  }
});
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.matches?.(".composer")) document.getElementById("refused").replaceChildren();
  if (!event.target.closest?.(".composer") || !isTooLong()) return;
  event.preventDefault();
  refuse(`This message is longer than ${LONGEST.toLocaleString("en")} characters. Shorten it.`);
});
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.target.id === "settings-form" && event.detail.successful) {
    document.getElementById("refused").replaceChildren();
  }
  if (!event.target.matches?.(".composer") || event.detail.xhr.status !== 200) return;
  sessionStorage.removeItem(draftKey);
  document.getElementById("gauge").replaceChildren();
  clear();
});

const draft = sessionStorage.getItem(draftKey);
if (draft && box()) fill(draft);
