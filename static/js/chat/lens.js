/* The decoding lens. <button data-lens="/m/1/lens"> in an answer's footer shows the answer token by
   token; nothing is fetched before. Works wherever an answer lies in a `.thread`. */
import { announce } from "../live.js";
import { registerAction } from "../palette.js";
import { Panel } from "./lens/panel.js";
import { TokenList } from "./lens/tokens.js";
import { make } from "./lens/words.js";

const PATIENCE_MS = 300;
const opened = new WeakMap();

class Lens {
  constructor(button) {
    this.button = button;
    this.turn = button.closest(".turn");
    this.said = this.turn.querySelector(".said");
    this.element = make("div", { className: "lens" });
  }

  async open() {
    this.button.setAttribute("aria-pressed", "true");
    this.said.after(this.element);
    const report = await this.#fetch("", "Looking into the answer…");
    if (!report) return;
    this.settings = report.settings;
    this.list = new TokenList(report.tokens, (index) => this.#openPlace(index));
    this.said.hidden = true;
    this.element.replaceChildren(note(report), this.list.element);
    this.list.list.focus({ preventScroll: true });
    this.element.addEventListener("keydown", (event) => this.#escape(event));
  }

  close() {
    this.button.setAttribute("aria-pressed", "false");
    this.said.hidden = false;
    this.element.remove();
    opened.delete(this.turn);
  }

  /* Esc closes the panel, then the lens; it does not also stop an answer. */
  #escape(event) {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    if (this.panel?.isConnected) return this.#closePlace();
    this.close();
    this.button.focus();
  }

  async #openPlace(index) {
    this.panel?.remove();
    const report = await this.#fetch(`/${index}`, "Looking at this place…");
    if (!report || this.list.current !== index) return;
    const panel = new Panel(report, this.settings, {
      branch: (token) => this.#branch(index, token),
      close: () => this.#closePlace(),
    });
    this.panel?.remove();
    this.panel = panel.element;
    this.element.append(this.panel);
    this.list.hide();
    this.panel.querySelector("h2").focus({ preventScroll: true });
    this.list.options[index].scrollIntoView({ block: "nearest" });
    if (this.panel.getBoundingClientRect().top > innerHeight / 2) this.panel.scrollIntoView({ block: "nearest" });
  }

  #closePlace() {
    this.panel.remove();
    this.list.list.focus();
  }

  async #branch(index, token) {
    const thread = this.turn.closest(".thread");
    announce("Branching.");
    await htmx.ajax("POST", `${this.button.dataset.lens}/${index}/${token.id}`, { source: this.button, target: thread });
    const newest = [...thread.querySelectorAll(".turn.assistant")].at(-1);
    newest?.setAttribute("tabindex", "-1");
    newest?.focus({ preventScroll: true });
  }

  /* What the server says; null after showing its sentence, or once the lens was closed. */
  async #fetch(path, waiting) {
    const said = make("p", { className: "small muted", role: "status" });
    const patience = setTimeout(() => (said.textContent = waiting), PATIENCE_MS);
    this.element.append(said);
    const report = await asked(this.button.dataset.lens + path);
    clearTimeout(patience);
    said.remove();
    if (!this.element.isConnected) return null;
    if (!report.error) return report;
    const notice = make("p", { className: "notice", role: "alert", textContent: report.error, data: { tone: "warn" } });
    this.element.querySelector(":scope > .notice")?.remove();
    this.element.append(notice);
    return null;
  }
}

async function asked(url) {
  try {
    const response = await fetch(url, { headers: { Accept: "application/json" } });
    return await response.json();
  } catch {
    return { error: "The site did not answer. Try again in a moment." };
  }
}

function note({ exact, tokens }) {
  const scale = make("span", { className: "lens-scale" }, "likely ");
  for (let i = 0; i < 5; i += 1) scale.append(make("span", { data: { surprise: i } }));
  scale.append(" surprising");
  const read = exact ? "" : " Tokens re-read from the text: they may differ from those that were written.";
  const said = `${tokens.length.toLocaleString("en")} tokens. Enter or a click shows what could have stood there.${read}`;
  return make("p", { className: "small muted lens-note" }, scale, make("span", { textContent: said }));
}

function toggle(button) {
  const turn = button.closest(".turn");
  const lens = opened.get(turn);
  if (lens) return lens.close();
  opened.set(turn, new Lens(button));
  return opened.get(turn).open();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-lens]");
  if (button) toggle(button);
});
registerAction({
  name: "Look into the newest answer",
  keys: "l",
  run: () => [...document.querySelectorAll("[data-lens]")].at(-1)?.click(),
});
