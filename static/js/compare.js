/* The page of a comparison: one socket for all columns; Enter asks, Esc stops, 1 to 4 go to a
   column, k and its number keep its answer. */
import "./chat/code.js";
import "./chat/lens.js";
import "./chat/refusals.js";
import { watch } from "./chat/watch.js";

const { comparison } = document.querySelector(".compare").dataset;
const draftKey = `draft:${comparison}`;
const question = () => document.getElementById("question");

/* Another tab's doing: one column's branch, or all of the page. */
function refresh(event) {
  const column = document.querySelector(`.column[data-conversation="${event?.conversation}"]`);
  if (column) htmx.ajax("GET", `/c/${event.conversation}/thread`, { target: column.querySelector(".thread") });
  else htmx.ajax("GET", `/compare/${comparison}/body`, { target: "#comparison" });
}

function grow(area) {
  area.style.height = "auto";
  area.style.height = `${area.scrollHeight + 2}px`;
}

function restoreDraft() {
  const area = question();
  area.value ||= sessionStorage.getItem(draftKey) ?? "";
  grow(area);
}

function show(column) {
  column.scrollIntoView({ inline: "start", block: "nearest" });
  column.focus({ preventScroll: true });
}

/* On narrow screens one column is in sight at a time: its name is the marked one. */
const seen = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      const tab = document.querySelector(`[data-tab="${target.id.replace("column-", "")}"]`);
      tab?.toggleAttribute("data-seen", isIntersecting);
    }
  },
  { threshold: 0.6 },
);

function observe() {
  seen.disconnect();
  for (const column of document.querySelectorAll(".column")) seen.observe(column);
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !document.querySelector("dialog[open], :popover-open")) {
    if (document.querySelector(".turn[data-live]")) document.querySelector(".stop-all").click();
  }
  if (event.target.id !== "question" || event.key !== "Enter") return;
  if (event.shiftKey || event.isComposing) return;
  event.preventDefault();
  event.target.form.requestSubmit();
});
document.addEventListener("click", (event) => {
  const tab = event.target.closest("[data-tab]");
  if (!tab) return;
  event.preventDefault();
  show(document.getElementById(`column-${tab.dataset.tab}`));
});
document.addEventListener("input", (event) => {
  if (event.target.id !== "question") return;
  grow(event.target);
  sessionStorage.setItem(draftKey, event.target.value);
});
document.addEventListener("toggle", (event) => event.target.open && htmx.trigger(event.target, "opened"), true);
document.addEventListener("htmx:afterRequest", ({ target, detail }) => {
  if (detail.xhr.status !== 200) return;
  target.closest?.(".column")?.querySelector(".refused")?.replaceChildren();
});
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const asked = detail.requestConfig.elt.matches(".compare-composer");
  if (asked && detail.xhr.status === 200) sessionStorage.removeItem(draftKey);
});
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id === "comparison") restoreDraft();
  observe();
});

restoreDraft();
observe();
watch(`/ws/compare/${comparison}/`, refresh);
