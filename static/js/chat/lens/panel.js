/* One place of an answer: the tokens that could have stood there, and what the settings make of
   them. Everything is computed here from the scores of the whole vocabulary. */
import { decodeScores, reshape, sum } from "./sampling.js";
import { count, make, percent, quoted, visible } from "./words.js";

const OFF = "off";
let panels = 0;

/* [name, label, least, most, step, in words]; the most is widened to what the answer had. */
const SLIDERS = [
  ["temperature", "Temperature", 0, 2, 0.05, (v) => (v ? v.toFixed(2) : "greedy")],
  ["topK", "Top-k", 0, 100, 1, (v) => (v ? `the ${v} likeliest` : OFF)],
  ["topP", "Top-p", 0.01, 1, 0.01, (v) => (v < 1 ? v.toFixed(2) : OFF)],
];

export class Panel {
  /* `place` is the server's report, `branch(token)` goes on with another token. */
  constructor(place, settings, { branch, close }) {
    this.place = place;
    this.scores = decodeScores(place.scores);
    this.own = { temperature: settings.temperature, topK: settings.top_k, topP: settings.top_p };
    this.values = { ...this.own };
    this.penalty = settings.repetition_penalty;
    this.branch = branch;
    this.name = `place${(panels += 1)}`;
    this.element = this.#build(close);
    this.#draw();
  }

  #build(close) {
    this.inputs = new Map();
    const title = make("h2", { id: this.name, tabIndex: -1, textContent: `What could stand at place ${this.place.position + 1}` });
    const shut = make("button", { type: "button", className: "quiet", textContent: "×", ariaLabel: "Close the panel", onclick: close });
    this.sentence = make("p", { className: "lens-sentence", role: "status" });
    this.reset = make("button", { type: "button", className: "link", textContent: "The answer's own settings" });
    this.reset.addEventListener("click", () => this.#back());
    const sliders = make("div", { className: "lens-sliders" }, ...SLIDERS.map((slider) => this.#slider(slider)));
    this.body = make("tbody");
    const head = make("tr", {}, ...["Token", "", "Before the cuts", "Picked"].map((text) => make("th", { scope: "col", textContent: text })));
    head.children[1].ariaHidden = "true";
    const caption = make("caption", { className: "unseen", textContent: "The likeliest tokens at this place" });
    const table = make("table", {}, caption, make("thead", {}, head), this.body);
    const panel = make("section", { className: "lens-panel" });
    panel.setAttribute("aria-labelledby", this.name);
    panel.append(make("header", {}, title, shut), this.sentence, sliders, this.reset, table);
    return panel;
  }

  #slider([name, label, min, most, step, words]) {
    const input = make("input", { type: "range", min, max: Math.max(most, this.values[name]), step });
    const output = make("span", { className: "value numbers", ariaHidden: "true" });
    input.value = this.values[name];
    const tell = () => {
      output.textContent = words(this.values[name]);
      input.setAttribute("aria-valuetext", output.textContent);
    };
    input.addEventListener("input", () => {
      this.values[name] = Number(input.value);
      tell();
      this.#draw();
    });
    this.inputs.set(name, { input, tell });
    tell();
    return make("label", {}, make("span", { textContent: label }), output, input);
  }

  #back() {
    this.values = { ...this.own };
    for (const [name, { input, tell }] of this.inputs) {
      input.value = this.values[name];
      tell();
    }
    this.#draw();
    this.inputs.get("temperature").input.focus();
  }

  #draw() {
    const shape = reshape(this.scores, this.values);
    const changed = Object.keys(this.own).some((name) => this.own[name] !== this.values[name]);
    this.reset.hidden = !changed;
    this.sentence.textContent = this.#words(shape);
    this.body.replaceChildren(...this.#rows(shape));
  }

  #words({ final, inside, held }) {
    const { chosen } = this.place;
    const picks =
      inside === 1
        ? `Always picks ${quoted(this.place.tokens[0])}`
        : `Picks among ${count(inside, "token")} that hold ${percent(held)}`;
    const penalty = this.penalty === 1 ? "" : `, after a repetition penalty of ${this.penalty}`;
    if (!chosen || (inside === 1 && !chosen.index)) return `${picks}${penalty}.`;
    const own = final[chosen.index];
    const written = own ? `is picked with ${percent(own)}` : "is cut";
    return `${picks}${penalty}. What was written, ${quoted(chosen)}, ${written}.`;
  }

  #rows(shape) {
    const { tokens, chosen } = this.place;
    const largest = Math.max(shape.final[0], shape.before[0]);
    const rows = tokens.flatMap((token, i) => [this.#row(token, shape, largest), ...this.#cuts(shape, i + 1)]);
    if (chosen && chosen.index >= tokens.length) rows.push(this.#row(chosen, shape, largest));
    return [...rows, this.#rest(shape, largest)];
  }

  #row(token, { before, final, inside }, largest) {
    const i = token.index;
    const written = token.id === this.place.chosen?.id;
    const data = { cut: i >= inside ? "yes" : "no", written: written ? "yes" : "no" };
    const name = make("th", { scope: "row" }, this.#name(token, written));
    return make("tr", { data }, name, bar(before[i], final[i], largest), ...numbers(before[i], final[i]));
  }

  /* A button that branches, except for what was written and for what ends the answer. */
  #name(token, written) {
    if (written) return make("strong", { textContent: visible(token), title: "This was written" });
    if (token.special) return make("span", { className: "mono", textContent: token.text, title: "Ends the answer" });
    const go = make("button", { type: "button", className: "link", textContent: visible(token) });
    go.title = "Go on from this token in a branch of its own";
    go.ariaLabel = `Branch with ${quoted(token)}`;
    go.addEventListener("click", () => this.branch(token));
    return go;
  }

  /* The lines where top-k and top-p cut, if that is just after the first `shown` tokens. */
  #cuts({ insideK, inside }, shown) {
    const { temperature, topK, topP } = this.values;
    if (!temperature) return shown === 1 ? [cutLine("greedy")] : [];
    const lines = [];
    if (topP < 1 && inside === shown) lines.push(cutLine(`top-p ${topP.toFixed(2)}`));
    if (topK && insideK === shown) lines.push(cutLine(`top-k ${topK}`));
    return lines;
  }

  #rest({ before, final, inside }, largest) {
    const { tokens, chosen } = this.place;
    const own = chosen && chosen.index >= tokens.length ? chosen.index : null;
    const less = (values) => sum(values, values.length, tokens.length) - (own === null ? 0 : values[own]);
    const others = before.length - tokens.length - (own === null ? 0 : 1);
    const left = Math.max(0, inside - tokens.length) - (own !== null && own < inside ? 1 : 0);
    const kept = left ? `${left.toLocaleString("en")} still in` : "all cut";
    const filtered = inside < before.length ? `, ${kept}` : "";
    const name = make("th", { scope: "row", textContent: `${count(others, "other")}${filtered}` });
    const data = { cut: left ? "no" : "yes", written: "no" };
    return make("tr", { data }, name, bar(less(before), less(final), largest), ...numbers(less(before), less(final)));
  }
}

/* Two layers: what temperature made of it, and over that what it is picked with. */
function bar(before, final, largest) {
  const layer = (kind, p) => {
    const part = make("span", { className: kind });
    part.style.width = `${Math.min(100, (100 * p) / largest)}%`;
    return part;
  };
  const cell = make("td", { className: "bar", ariaHidden: "true" });
  cell.append(make("div", {}, layer("before", before), layer("final", final)));
  return cell;
}

function numbers(before, final) {
  return [before, final].map((p) => make("td", { className: "numbers", textContent: percent(p) }));
}

function cutLine(label) {
  const cell = make("td", { colSpan: 4 }, make("span", { textContent: `${label} cuts here` }));
  return make("tr", { className: "cut-line" }, cell);
}
