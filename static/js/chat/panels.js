/* The list of conversations and the settings: beside the text where there is room, over it where
   there is not. Whether the settings stay open is remembered. */
const KEY = "settings-open";
const chat = document.querySelector(".chat");
const wide = matchMedia("(min-width: 72rem)");

function show(name, open) {
  chat.classList.toggle(`${name}-open`, open);
  for (const button of document.querySelectorAll(`[data-toggle="${name}"][aria-controls]`)) {
    button.setAttribute("aria-expanded", String(open));
  }
}

document.addEventListener("click", (event) => {
  const name = event.target.closest("[data-toggle]")?.dataset.toggle;
  if (!name) return;
  const open = !chat.classList.contains(`${name}-open`);
  show(name, open);
  if (name === "panel") localStorage.setItem(KEY, open ? "yes" : "");
  if (open) document.getElementById(name).querySelector("input, select, a, button")?.focus();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || wide.matches) return;
  show("rail", false);
  show("panel", false);
});
document.addEventListener("change", (event) => {
  if (event.target.name === "decoding") reflectDecoding();
});

/* Under greedy decoding the sampling fields do nothing, and look like it. */
function reflectDecoding() {
  const chosen = document.querySelector("[name='decoding']:checked");
  chat.classList.toggle("greedy", chosen?.value === "greedy");
}

document.addEventListener("htmx:afterSettle", reflectDecoding);
reflectDecoding();
show("panel", wide.matches && localStorage.getItem(KEY) === "yes");
