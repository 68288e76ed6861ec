/* The list asks for itself anew; never under an open question, whose form would vanish. */
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id !== "runs") return;
  if (document.querySelector("dialog[open]")) event.detail.shouldSwap = false;
});
