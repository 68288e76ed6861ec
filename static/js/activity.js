/* The activity mark asks for itself anew, also when one comes back to the page: not while nobody
   looks at it, and never under an open menu, whose lines are renewed instead. With it comes how many
   notifications are unread: it stands at the bell and before the page's title, and a greater number
   is read out. */
import { announce } from "./live.js";

const isMark = (element) => element?.id === "activity";
const unread = () => Number(document.getElementById("activity")?.dataset.unread ?? 0);
let known = unread();

document.addEventListener("htmx:beforeRequest", (event) => {
  if (isMark(event.detail.elt) && document.hidden) event.preventDefault();
});
document.addEventListener("htmx:beforeSwap", (event) => {
  if (!isMark(event.detail.target) || event.detail.xhr.status !== 200) return;
  const open = document.querySelector("#activity-menu:popover-open");
  const bell = document.activeElement?.id === "bell";
  if (!open && !bell) return;
  event.detail.shouldSwap = false;
  const news = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
  renew(news.getElementById("activity"), open);
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (isMark(event.detail.elt)) tell();
});

function renew(news, open) {
  const lines = news.querySelector("#activity-menu");
  if (lines && open && !open.contains(document.activeElement)) open.replaceChildren(...lines.children);
  const bell = document.getElementById("bell");
  bell.replaceChildren(...news.querySelector("#bell").children);
  document.getElementById("activity").dataset.unread = news.dataset.unread;
  tell();
}

function tell() {
  const count = unread();
  document.title = document.title.replace(/^\(\d+\) /, "");
  if (count) document.title = `(${count}) ${document.title}`;
  if (count > known) {
    const words = count - known === 1 ? "A new notification" : `${count - known} new notifications`;
    announce(`${words}.`);
  }
  known = count;
}
tell();
