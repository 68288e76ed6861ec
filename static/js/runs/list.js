/* The list asks for itself anew; never under an open question, whose form would vanish, and never
   while a run is being dragged. Waiting runs are dragged by their grip; the buttons beside it do the
   same by keyboard. */
import { announce } from "../live.js";

let lifted = null;

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id !== "runs") return;
  if (lifted || document.querySelector("dialog[open]")) event.detail.shouldSwap = false;
});

document.addEventListener("pointerdown", (event) => {
  const row = event.target.closest?.(".grip")?.closest("li");
  if (!row || event.button !== 0 || lifted) return;
  event.preventDefault();
  lifted = { row, id: event.pointerId, after: row.nextElementSibling };
  event.target.setPointerCapture(event.pointerId);
  row.classList.add("lifted");
});

/* The row goes where the pointer is: before the first row whose middle lies below it. */
document.addEventListener("pointermove", (event) => {
  if (lifted?.id !== event.pointerId) return;
  const others = [...lifted.row.parentElement.children].filter((row) => row !== lifted.row);
  const next = others.find((row) => {
    const { top, height } = row.getBoundingClientRect();
    return event.clientY < top + height / 2;
  });
  if ((next ?? null) !== lifted.row.nextElementSibling) lifted.row.parentElement.insertBefore(lifted.row, next ?? null);
});

document.addEventListener("pointerup", drop);
document.addEventListener("pointercancel", drop);

function drop(event) {
  if (lifted?.id !== event.pointerId) return;
  const { row, after } = lifted;
  const next = row.nextElementSibling;
  lifted = null;
  row.classList.remove("lifted");
  if (event.type === "pointercancel") row.parentElement.insertBefore(row, after);
  else if (next !== after) move(row, next?.dataset.run ?? "last");
}

function move(row, to) {
  const address = row.querySelector("form").getAttribute("hx-post");
  htmx.ajax("POST", address, { target: "#runs", swap: "outerHTML", values: { to } });
  moved = row.dataset.run;
}

/* What is chosen for comparing stays chosen when the rows come anew. */
const chosen = new Set();
const boxes = () => document.querySelectorAll('input[form="compare"]');

document.addEventListener("change", ({ target }) => {
  if (!target.matches('input[form="compare"]')) return;
  if (target.checked) chosen.add(target.value);
  else chosen.delete(target.value);
});
document.addEventListener("htmx:afterSettle", () => {
  for (const box of boxes()) box.checked = chosen.has(box.value);
});
for (const box of boxes()) if (box.checked) chosen.add(box.value);

/* After a move: say where the run is now, and keep the focus in its row. */
let moved = null;

document.addEventListener("htmx:beforeRequest", (event) => {
  moved = event.detail.elt.closest?.(".queue li")?.dataset.run ?? moved;
});
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target.id !== "runs" || !moved) return;
  const row = document.querySelector(`.queue [data-run="${moved}"]`);
  moved = null;
  if (!row) return;
  announce(`${row.dataset.name} is number ${row.dataset.place} in the queue.`);
  if (document.activeElement === document.body) row.querySelector("button:not([disabled])")?.focus();
});
