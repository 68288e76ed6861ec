/* Messages at the foot of the page, with Undo where the act can be undone.

   notify("Conversation deleted.", { undo: "/c/…/restore/" })     from a module
   HX-Trigger: {"notify": {"text": "…", "undo": "/c/…/restore/", "kind": "success"}}   from a view
   messages.success(request, "…", extra_tags="undo=/c/…/restore/")     from a view that redirects

   Undo posts to its address. A message with Undo or an error stays until dismissed. */

const STAY_MS = 8000;

export function notify(text, { undo = "", kind = "info" } = {}) {
  const message = document.getElementById("message-template").content.cloneNode(true).firstElementChild;
  message.classList.add(kind);
  message.querySelector("p").textContent = text;
  const form = message.querySelector("form");
  if (undo) form.action = undo;
  else form.remove();
  document.getElementById("messages").append(message);
  leaveLater(message);
}

function leaveLater(message) {
  const stays = message.querySelector("form") || message.classList.contains("error");
  if (!stays) setTimeout(() => message.remove(), STAY_MS);
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-dismiss]")) event.target.closest(".message").remove();
});
document.addEventListener("notify", (event) => notify(event.detail.text, event.detail));
document.addEventListener("htmx:sendError", () =>
  notify("The server could not be reached. Check that it runs, then try again.", { kind: "error" }),
);
document.addEventListener("htmx:responseError", (event) => {
  const { status } = event.detail.xhr;
  const text =
    status === 403
      ? "That was refused. Reload the page, sign in again if asked, and repeat it."
      : `That did not work (${status}). Reload the page and try again.`;
  notify(text, { kind: "error" });
});
/* What a live region holds when the page loads is not read out, but what is added to it is. */
const region = document.getElementById("messages");
region.append(...region.children);
for (const message of region.children) leaveLater(message);
