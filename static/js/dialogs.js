/* Native dialogs: openers, a click outside closes, and a question before what destroys.

   <button data-opens="ID">             opens <dialog id="ID">; it hears an "opening" event first
   <form data-confirm="Delete …?">      asks first; so do [hx-*] elements with data-confirm
   data-confirm-verb="Delete"           the word on the button that goes on (default "Go on")
   await ask("Delete it?", "Delete")    from a module: true or false */

export function openDialog(id) {
  const dialog = document.getElementById(id);
  if (!dialog || dialog.open) return;
  document.getElementById("person-menu")?.hidePopover?.();
  dialog.dispatchEvent(new Event("opening"));
  dialog.showModal();
}

export function ask(question, verb = "Go on") {
  const dialog = document.getElementById("confirm");
  dialog.querySelector("p").textContent = question;
  dialog.querySelector('[value="yes"]').textContent = verb;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) =>
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }),
  );
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) openDialog(opener.dataset.opens);
  if (event.target.matches("dialog[open]") && outside(event)) event.target.close();
});

function outside({ target, clientX, clientY }) {
  const box = target.getBoundingClientRect();
  return clientX < box.left || clientX > box.right || clientY < box.top || clientY > box.bottom;
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const asker = event.submitter?.closest("[data-confirm]") ?? form.closest("form[data-confirm]");
  if (!asker || form.dataset.confirmed || form.matches("[hx-post], [hx-delete]")) return;
  event.preventDefault();
  if (!(await ask(asker.dataset.confirm, asker.dataset.confirmVerb))) return;
  form.dataset.confirmed = "yes";
  form.requestSubmit(event.submitter);
  delete form.dataset.confirmed;
});

document.addEventListener("htmx:confirm", async (event) => {
  const asker = event.detail.elt.closest("[data-confirm]");
  if (!asker) return;
  event.preventDefault();
  if (await ask(asker.dataset.confirm, asker.dataset.confirmVerb)) event.detail.issueRequest(true);
});
