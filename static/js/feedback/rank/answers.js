/* What is said beside the ranking: flags, ratings, strength, comment, and a better answer. */

const checked = (root, name) => [...root.querySelectorAll(`input[name="${name}"]:checked`)].map((box) => box.value);

function gathered(places, find) {
  return Object.fromEntries(places.map((place) => [place, find(place)]).filter(([, said]) => said));
}

export class Said {
  constructor(root, size) {
    this.root = root;
    this.places = [...Array(size).keys()];
    this.better = root.querySelector("[data-better]");
    this.comment = root.querySelector("[data-comment]");
  }

  payload() {
    const [strength] = checked(this.root, "strength");
    return {
      flags: gathered(this.places, (place) => this.#flags(place)),
      ratings: gathered(this.places, (place) => this.#ratings(place)),
      strength: strength ? Number(strength) : null,
      comment: this.comment?.value ?? "",
      edit: this.#edit(),
    };
  }

  fill({ flags = {}, ratings = {}, strength, comment = "", edit } = {}) {
    for (const box of this.root.querySelectorAll(".answer input, [data-strength] input")) box.checked = false;
    for (const [place, names] of Object.entries(flags)) for (const name of names) this.#check(`flag-${place}`, name);
    for (const [place, said] of Object.entries(ratings))
      for (const [quality, value] of Object.entries(said)) this.#check(`rating-${place}-${quality}`, value);
    if (strength) this.#check("strength", strength);
    if (this.comment) this.comment.value = comment;
    if (this.better) this.#fillBetter(edit);
  }

  improve(place) {
    const { better } = this;
    const text = better.querySelector("[data-better-text]");
    if (better.hidden || better.dataset.of !== String(place)) {
      this.#fillBetter({ of: place, text: this.textOf(place), better: false });
    }
    text.focus();
    better.scrollIntoView({ block: "nearest" });
  }

  textOf(place) {
    return this.root.querySelector(`.answer[data-place="${place}"] [data-text]`).textContent;
  }

  /* Whether another answer's edit would be lost. */
  wouldReplace(place) {
    const { better } = this;
    if (better.hidden || better.dataset.of === String(place)) return false;
    return better.querySelector("[data-better-text]").value.trim() !== this.textOf(Number(better.dataset.of)).trim();
  }

  removeBetter() {
    this.#fillBetter(null);
  }

  #fillBetter(edit) {
    const { better } = this;
    better.hidden = !edit;
    better.dataset.of = edit?.of ?? "";
    better.querySelector("[data-better-of]").textContent = edit ? edit.of + 1 : "";
    better.querySelector("[data-better-text]").value = edit?.text ?? "";
    better.querySelector("[data-better-confirmed]").checked = edit?.better === true;
  }

  #edit() {
    if (!this.better || this.better.hidden) return null;
    const of = Number(this.better.dataset.of);
    const text = this.better.querySelector("[data-better-text]").value;
    const better = this.better.querySelector("[data-better-confirmed]").checked;
    const untouched = !better && text.trim() === this.textOf(of).trim();
    return untouched ? null : { of, text, better };
  }

  #flags(place) {
    const names = checked(this.root, `flag-${place}`);
    return names.length ? names : null;
  }

  #ratings(place) {
    const boxes = [...this.root.querySelectorAll(`input[name^="rating-${place}-"]:checked`)];
    const said = boxes.map((box) => [box.name.split("-")[2], Number(box.value)]);
    return said.length ? Object.fromEntries(said) : null;
  }

  #check(name, value) {
    const box = this.root.querySelector(`input[name="${CSS.escape(name)}"][value="${CSS.escape(String(value))}"]`);
    if (box) box.checked = true;
  }
}
