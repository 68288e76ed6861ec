/* Prompt templates: shots in words, the order of picking, and rows of the form. */
import { announce } from "./live.js";

const WORDS = ["0, zero-shot", "1, one-shot"];

function showShots(range) {
  const count = Number(range.value);
  document.getElementById("shots-words").value = WORDS[count] ?? `${count}, few-shot`;
}

/* Examples are shown in the order in which they were ticked. */
function rememberPick(form, box) {
  const hidden = form.querySelector("[data-picked-order]");
  const order = hidden.value.split(",").filter((place) => place && place !== box.value);
  if (box.checked) order.push(box.value);
  hidden.value = order.join(",");
  showPicks(form, order);
}

function showPicks(form, order) {
  for (const box of form.querySelectorAll('[name="picked"]')) {
    const badge = box.closest("label").querySelector(".pick-place");
    const place = order.indexOf(box.value);
    badge.hidden = place < 0;
    badge.textContent = place < 0 ? "" : `shown ${place + 1}.`;
  }
}

/* "Use in chat" opens the composer with the shots that were tried; the shot ladder begins with the
   input too, unless it is too long for an address. */
const CARRIED = ["shots", "choose", "shot_seed", "picked", "picked_order", "layout"];
const LONGEST_CARRIED = 3000;

function carry(form) {
  for (const link of document.querySelectorAll("[data-carry]")) carryInto(link, form);
}

function carryInto(link, form) {
  const address = new URL(link.href);
  address.search = new URLSearchParams({ template: address.searchParams.get("template") });
  for (const [name, value] of new FormData(form)) {
    const isInput = name.startsWith("field_") && link.dataset.carry === "inputs";
    if (CARRIED.includes(name) || (isInput && value.length < LONGEST_CARRIED)) {
      address.searchParams.append(name, value);
    }
  }
  link.href = address;
}

function startTrying(form) {
  form.addEventListener("input", () => carry(form));
  form.addEventListener("change", () => carry(form));
  const range = form.querySelector("[data-shots]");
  const pool = form.querySelector(".pool");
  if (!range) return;
  showShots(range);
  showPicks(form, form.querySelector("[data-picked-order]").value.split(","));
  range.addEventListener("input", () => showShots(range));
  form.addEventListener("change", (event) => {
    if (event.target.name === "picked") rememberPick(form, event.target);
    if (event.target.value === "picked" && event.target.name === "choose") pool.open = true;
  }, { capture: true });
}

/* Labels of example inputs follow the names of the fields while they are typed. */
function renameLabels(input) {
  for (const label of document.querySelectorAll(`[data-field-label="${input.dataset.fieldAt}"]`)) {
    label.textContent = input.value || "Field";
  }
}

function focusAfter(action) {
  const [verb, kind] = action.split(":")[0].split("-");
  const rows = document.querySelectorAll(`[data-row="${kind}"]`);
  const at = Number(action.split(":")[1] ?? rows.length - 1);
  const row = rows[verb === "up" ? at - 1 : Math.min(at, rows.length - 1)];
  (row?.querySelector("input, textarea") ?? document.querySelector(`[value="add-${kind}"]`))?.focus();
  announce({ add: `Added a row.`, remove: `Removed.`, up: `Moved up.` }[verb]);
}

const trying = document.getElementById("try");
if (trying) startTrying(trying);

const writing = document.getElementById("template-form");
if (writing) {
  writing.addEventListener("input", (event) => {
    if (event.target.dataset.fieldAt !== undefined) renameLabels(event.target);
  });
  let action = "";
  document.addEventListener("htmx:beforeRequest", (event) => (action = event.target.value ?? ""));
  document.addEventListener("htmx:afterSettle", () => action && focusAfter(action));
}
