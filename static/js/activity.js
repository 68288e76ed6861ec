/* The activity mark asks for itself anew: not from a page that nobody looks at, and never under an
   open menu, whose lines are renewed instead. */
const isMark = (element) => element?.id === "activity";

document.addEventListener("htmx:beforeRequest", (event) => {
  if (isMark(event.detail.elt) && document.hidden) event.preventDefault();
});
document.addEventListener("htmx:beforeSwap", (event) => {
  if (!isMark(event.detail.target) || event.detail.xhr.status !== 200) return;
  const open = document.querySelector("#activity-menu:popover-open");
  if (!open) return;
  event.detail.shouldSwap = false;
  const news = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
  const lines = news.getElementById("activity-menu");
  if (lines && !open.contains(document.activeElement)) open.replaceChildren(...lines.children);
});
