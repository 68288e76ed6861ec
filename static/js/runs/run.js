/* The page of a run: it follows the row, and says when its state changes. */
import { announce } from "../live.js";

let state = document.getElementById("live").dataset.state;

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id !== "live") return;
  if (document.querySelector("dialog[open]")) event.detail.shouldSwap = false;
});
document.addEventListener("htmx:afterSettle", () => {
  const now = document.getElementById("live").dataset.state;
  if (now !== state) announce(`The run is ${now.toLowerCase()}.`);
  state = now;
});
