/* The ladder: tiers with the answers as small buttons, the line, and what is not ranked. */
import { standing, summary } from "./words.js";

const GLIMPSE = 90;
/* Where there is no mouse there are hardly keys: the numbers are touched. */
const TOUCHED = matchMedia("(hover: none)").matches;
const HINT = (size) => (TOUCHED ? "Tap the answers' numbers, best first." : `Press 1 to ${size}, best first, or drag answers here.`);

function chip(place, text) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "chip" });
  button.dataset.chip = place;
  button.dataset.handle = "";
  const glimpse = Object.assign(document.createElement("span"), { className: "truncate", dir: "auto" });
  glimpse.textContent = text.slice(0, GLIMPSE);
  button.append(unseen("Answer "), Object.assign(document.createElement("b"), { textContent: place + 1 }), glimpse, unseen(""));
  return button;
}

function unseen(text) {
  return Object.assign(document.createElement("span"), { className: "unseen", textContent: text });
}

const item = (className, ...children) => {
  const made = Object.assign(document.createElement("li"), { className });
  made.append(...children);
  return made;
};

export class Ladder {
  constructor(root) {
    this.root = root;
    this.list = root.querySelector("[data-ladder]");
    this.tray = root.querySelector("[data-chips]");
    this.cards = [...root.querySelectorAll(".answer")];
    this.chips = this.cards.map((card, place) =>
      chip(place, (card.querySelector(".said") ?? card.querySelector("[data-text]")).textContent.trim().split("\n")[0]),
    );
  }

  show(ranking, chosen) {
    const focused = document.activeElement;
    this.list.replaceChildren(...this.#rows(ranking));
    this.tray.replaceChildren(...ranking.unranked.map((place) => this.chips[place]));
    this.root.querySelector("[data-tray]").classList.toggle("none", ranking.unranked.length === 0);
    this.root.classList.toggle("all-bad", ranking.allBad);
    this.root.querySelector("[data-act=bad]").setAttribute("aria-pressed", String(ranking.allBad));
    this.root.querySelector("[data-summary]").textContent = summary(ranking);
    this.cards.forEach((card, place) => this.#mark(card, ranking, place, chosen));
    if (this.chips.includes(focused)) focused.focus({ preventScroll: true });
  }

  #rows(ranking) {
    const rows = ranking.tiers.map((tier, i) => this.#tier(ranking, tier, i));
    const line = this.#line(ranking);
    rows.splice(ranking.line ?? rows.length, 0, line);
    if (!ranking.tiers.length) rows.unshift(item("hint", HINT(ranking.size)));
    return rows;
  }

  #tier(ranking, tier, number) {
    const chips = Object.assign(document.createElement("div"), { className: "chips" });
    chips.append(...tier.map((place) => this.chips[place]));
    const rank = Object.assign(document.createElement("span"), { className: "rank numbers", textContent: number + 1 });
    const row = item(ranking.isBelow(number) ? "tier below" : "tier", rank, chips);
    row.dataset.tier = number;
    return row;
  }

  #line(ranking) {
    const drawn = ranking.line !== null;
    const row = item(drawn ? "line drawn" : "line", drawn ? "Unacceptable" : "Drag here what is unacceptable");
    row.dataset.line = "";
    return row;
  }

  #mark(card, ranking, place, chosen) {
    const words = standing(ranking, place);
    const isChosen = place === chosen;
    card.querySelector("[data-standing]").textContent = words;
    card.classList.toggle("chosen", isChosen);
    card.classList.toggle("below", words.includes("unacceptable"));
    card.querySelector("[data-pick]").setAttribute("aria-pressed", String(isChosen));
    this.chips[place].classList.toggle("chosen", isChosen);
    this.chips[place].setAttribute("aria-pressed", String(isChosen));
    this.chips[place].lastChild.textContent = `, ${words || "not ranked"}`;
  }
}
