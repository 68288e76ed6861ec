/* The ranking page. One task after the other comes onto the desk without a page load; its address
   always shows what the person is at. */
import { openDialog } from "../dialogs.js";
import { announce, freshenTimes } from "../live.js";
import { notify } from "../notify.js";
import { listKeys, listen } from "./rank/keys.js";
import { fetchText, post } from "./rank/sending.js";
import { Task } from "./rank/task.js";

const desk = document.getElementById("desk");
let task = null;

const next = {
  /* The fragment is the server's own, like the page it is part of. */
  show(html, said) {
    task?.close();
    desk.innerHTML = html;
    begin();
    scrollTo(0, 0);
    desk.querySelector("[data-start], [data-empty] h2")?.focus({ preventScroll: true });
    const count = desk.querySelectorAll(".answer").length;
    announce(count ? `${said} Next task, ${count} answers.` : `${said} Nothing is left for you here.`);
  },
  async fetch() {
    await tried(async () => this.show(await fetchText(desk.dataset.next), ""));
  },
  act,
};

async function tried(run) {
  try {
    await run();
  } catch (error) {
    notify(error.message, { kind: "error" });
  }
}

function act(name, place) {
  if (name === "undo") return undo(desk.querySelector("[data-undo]"));
  if (name === "guidelines") return guidelines();
  return task ? task.act(name, place) : false;
}

function undo(button) {
  if (!button || button.disabled) return false;
  button.disabled = true;
  tried(async () => {
    await task?.drafts.flush();
    const answer = await post(button.dataset.undo, {});
    next.show(await answer.text(), "Undone.");
  }).finally(() => (button.disabled = false));
  return true;
}

function guidelines() {
  if (!document.getElementById("guidelines")) return false;
  openDialog("guidelines");
  return true;
}

function begin() {
  const root = desk.querySelector("[data-task]");
  task = root ? new Task(root, { next }) : null;
  document.getElementById("guidelines")?.addEventListener("opening", saw, { once: true });
  freshenTimes(desk);
}

/* Guidelines that were opened are no news any more. */
function saw({ target }) {
  desk.querySelector("[data-news]")?.remove();
  post(target.dataset.seen, {}).catch(() => {});
}

desk.addEventListener("click", (event) => {
  const button = event.target.closest("[data-undo]");
  if (button) undo(button);
});
addEventListener("pagehide", () => task?.drafts.leave());
addEventListener("beforeunload", (event) => {
  if (task?.drafts.unsaved && task.drafts.failed) event.preventDefault();
});
listen(act);
listKeys();
begin();
