/* Watches the answers of one page over its socket and re-attaches after any break.

   watch("/ws/c/…/", refresh)   refresh(event) is called when another tab has changed what is shown
                                (event.type says what: thread, columns), and after a break without
   "answer-grown"               is dispatched on document whenever an answer has got longer
   "answer-ended"               is dispatched on document when an answer has ended and is shown whole

   Every piece of text says where it begins and ends, counted in characters (code points, not
   UTF-16 units). What a live answer already has is never repeated; a gap is asked for again. */
import { announce, SentenceAnnouncer } from "../live.js";
import { addCopyButtons } from "./code.js";
import { TAB } from "./refusals.js";

const GONE = 4404;
const TOO_MANY = 4429;
const WAITS_MS = [250, 500, 1000, 2000, 4000, 8000];
const LIVE = ["queued", "running"];
const answers = new Map();

let socket;
let failures = 0;
let refresh;
let socketUrl;

export function watch(path, refreshed) {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  socketUrl = `${scheme}//${location.host}${path}`;
  refresh = refreshed;
  connect();
}

const percent = (share) => (typeof share === "number" ? `${Math.floor(share * 100)} %` : "");
const grown = () => document.dispatchEvent(new Event("answer-grown"));
const ended = () => grown() && document.dispatchEvent(new Event("answer-ended"));

function connect() {
  socket = new WebSocket(socketUrl);
  socket.onopen = opened;
  socket.onmessage = (event) => heard(JSON.parse(event.data));
  socket.onclose = closed;
}

function opened() {
  if (failures) refresh();
  failures = 0;
  document.body.classList.remove("offline");
  attachAll();
}

function closed(event) {
  if (event.code === GONE) return;
  if (event.code === TOO_MANY) {
    announce("Too many pages are open. Close some of them, then reload this one.");
    return;
  }
  if (failures === 1) announce("The connection was lost. Reconnecting.");
  if (failures) document.body.classList.add("offline");
  setTimeout(connect, WAITS_MS[Math.min(failures, WAITS_MS.length - 1)]);
  failures += 1;
}

function heard(event) {
  if (event.type === "thread" || event.type === "columns") {
    if (event.tab !== TAB) refresh(event);
    return;
  }
  if (event.type === "votes") {
    if (event.tab !== TAB) document.dispatchEvent(new CustomEvent(`votes-${event.about}`));
    return;
  }
  const answer = answers.get(event.message);
  if (!answer?.element.isConnected) return;
  if (event.type === "delta" || event.type === "snapshot") answer.take(event);
  if (event.type === "block") answer.settle(event);
  if (event.state) answer.become(event);
}

function attachAll() {
  for (const element of document.querySelectorAll(".turn[data-live]")) {
    const id = Number(element.dataset.message);
    if (answers.get(id)?.element !== element) answers.set(id, new Answer(id, element));
    answers.get(id).attach();
  }
}

class Answer {
  #have = 0;
  #settled = 0;
  #pending = "";
  #announcer = new SentenceAnnouncer();

  constructor(id, element) {
    this.id = id;
    this.element = element;
    this.node = document.createTextNode("");
    this.blocks = element.querySelector(".blocks");
    element.querySelector(".live").replaceChildren(this.node);
    this.wait = element.querySelector(".wait");
  }

  attach() {
    if (socket?.readyState !== WebSocket.OPEN) return;
    socket.send(JSON.stringify({ message: this.id, have: this.#have }));
  }

  take({ at, end, text }) {
    if (at > this.#have) return this.attach();
    if (end <= this.#have) return;
    const fresh = at === this.#have ? text : [...text].slice(this.#have - at).join("");
    this.#have = end;
    if (!this.#pending) requestAnimationFrame(() => this.#draw());
    this.#pending += fresh;
    this.#announcer.add(fresh);
  }

  #draw() {
    if (!this.#pending) return;
    this.node.appendData(this.#pending);
    this.#pending = "";
    this.wait.hidden = true;
    grown();
  }

  /* Finished blocks take the place of their plain text; a block from 0 replaces all before it. */
  settle({ at, end, html }) {
    const whole = at === 0 && end > this.#settled;
    if ((at !== this.#settled && !whole) || end > this.#have) return;
    this.#draw();
    if (whole) this.blocks.replaceChildren();
    this.blocks.insertAdjacentHTML("beforeend", html);
    this.node.data = [...this.node.data].slice(end - this.#settled).join("");
    this.#settled = end;
    addCopyButtons();
    grown();
  }

  /* The words are announced when they change; the numbers beside the bar are for the eye alone. */
  #waitFor(wait, status, loaded) {
    const words = this.wait.querySelector(".state");
    if (words.textContent !== status) words.textContent = status;
    const load = this.wait.querySelector(".load");
    const bar = load.querySelector("progress");
    load.hidden = wait !== "model";
    if (typeof loaded === "number") bar.value = loaded;
    else bar.removeAttribute("value");
    load.querySelector("span").textContent = percent(loaded);
  }

  become({ state, wait, status, loaded }) {
    if (LIVE.includes(state)) {
      if (status) this.#waitFor(wait, status, loaded);
      return;
    }
    this.#announcer.end();
    announce(state === "done" ? "Answer finished." : `Answer ${state}.`);
    answers.delete(this.id);
    htmx.ajax("GET", this.element.dataset.url, { target: this.element, swap: "outerHTML" }).then(ended);
  }
}

document.addEventListener("htmx:afterSettle", attachAll);
