/* An answer token by token: a list box whose focus stays on the list. The pointer or the arrow keys
   make a token current, a popover tells about it; Enter or a click chooses it. */
import { inText, make, percent, quoted, visible } from "./words.js";

const STEPS = [0.9, 0.5, 0.2, 0.05];
const MOVES = { ArrowRight: 1, ArrowLeft: -1, PageDown: 20, PageUp: -20, Home: -Infinity, End: Infinity };
let lists = 0;

/* 0 for what was all but certain, 4 for a surprise. */
const surprise = (p) => STEPS.filter((step) => p < step).length;

export class TokenList {
  constructor(tokens, choose) {
    this.tokens = tokens;
    this.choose = choose;
    this.current = -1;
    this.name = `lens${(lists += 1)}`;
    this.options = tokens.map((token, index) => this.#option(token, index));
    this.list = make("div", { className: "tokens", role: "listbox", tabIndex: 0 }, ...this.options);
    this.list.ariaLabel = "Answer, token by token";
    this.popover = make("div", { className: "lens-popover", hidden: true, ariaHidden: "true" });
    this.element = make("div", { className: "token-view" }, this.list, this.popover);
    this.#listen();
  }

  #option(token, index) {
    const p = Math.exp(token.logprob);
    const kind = token.special ? "special" : token.shown ? "text" : "part";
    const data = { index, surprise: surprise(p), kind };
    const option = make("span", { role: "option", id: `${this.name}-${index}`, data });
    option.textContent = inText(token);
    option.ariaLabel = `${quoted(token)}, ${percent(p)}, rank ${token.rank}`;
    option.ariaSelected = "false";
    return option;
  }

  #listen() {
    const at = (event) => event.target.closest?.("[role=option]");
    this.list.addEventListener("pointermove", (event) => this.#pointed(at(event)));
    this.list.addEventListener("click", (event) => at(event) && this.#chosen(Number(at(event).dataset.index)));
    this.list.addEventListener("focus", () => this.show(Math.max(this.current, 0)));
    this.list.addEventListener("blur", () => this.hide());
    this.element.addEventListener("pointerleave", () => this.list.matches(":focus-visible") || this.hide());
    this.list.addEventListener("keydown", (event) => this.#key(event));
  }

  /* By moving only: text that comes to lie under a resting pointer was not pointed at. */
  #pointed(option) {
    const index = Number(option?.dataset.index ?? this.current);
    if (index !== this.current || (option && this.popover.hidden)) this.show(index);
  }

  #key(event) {
    if (event.key === "Enter" || event.key === " ") this.#chosen(this.current);
    else if (event.key in MOVES) this.#move(MOVES[event.key]);
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") this.#moveLine(event.key === "ArrowDown");
    else if (event.key === "Escape" && !this.popover.hidden) this.hide();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #move(by) {
    this.show(Math.min(Math.max(this.current + by, 0), this.tokens.length - 1));
    this.options[this.current].scrollIntoView({ block: "nearest" });
  }

  /* To the nearest token on the line below or above. */
  #moveLine(down) {
    const here = this.options[this.current].getBoundingClientRect();
    const step = down ? 1 : -1;
    let best = this.current;
    let line = null;
    for (let i = this.current + step; i >= 0 && i < this.options.length; i += step) {
      const there = this.options[i].getBoundingClientRect();
      if (Math.abs(there.top - here.top) < here.height / 2) continue;
      line ??= there.top;
      if (Math.abs(there.top - line) > there.height / 2) break;
      const off = (index) => Math.abs(this.options[index].getBoundingClientRect().left - here.left);
      if (best === this.current || off(i) < off(best)) best = i;
    }
    this.#move(best - this.current);
  }

  #chosen(index) {
    if (index < 0) return;
    this.show(index);
    for (const option of this.list.querySelectorAll("[aria-selected=true]")) option.ariaSelected = "false";
    this.options[index].ariaSelected = "true";
    this.choose(index);
  }

  show(index) {
    this.options[this.current]?.classList.remove("current");
    this.current = index;
    const option = this.options[index];
    option.classList.add("current");
    this.list.setAttribute("aria-activedescendant", option.id);
    this.popover.replaceChildren(...about(this.tokens[index]));
    this.popover.hidden = false;
    this.#place(option);
  }

  hide() {
    this.popover.hidden = true;
  }

  /* Under the token's first line, within the list. */
  #place(option) {
    const box = this.element.getBoundingClientRect();
    const token = option.getClientRects()[0] ?? option.getBoundingClientRect();
    const room = box.width - this.popover.offsetWidth;
    this.popover.style.left = `${Math.max(0, Math.min(token.left - box.left, room))}px`;
    this.popover.style.top = `${token.bottom - box.top + 4}px`;
  }
}

function about(token) {
  const p = Math.exp(token.logprob);
  const head = make("p", {}, make("strong", { textContent: visible(token) }), ` ${percent(p)}`);
  const rank = token.rank === 1 ? "the likeliest" : `rank ${token.rank.toLocaleString("en")}`;
  const lines = token.top.filter((other) => other.id !== token.id).slice(0, 4);
  const rows = lines.map((other) =>
    make("li", {}, make("span", { textContent: visible(other) }), percent(Math.exp(other.logprob))),
  );
  return [head, make("p", { className: "muted", textContent: rank }), make("ol", {}, ...rows)];
}
