/* One chart of a run, or of several: curves over steps on a canvas (uPlot), with a legend that tells
   the values under the pointer, a sentence, and a table of the same numbers.

   new Chart(parent, { title, unit, lines }).show(series, resumes)

   `lines`: what each curve is, as [{ label, look, kind, dash }]: `look` picks its colour (runs.css),
   `kind` how it is drawn: "" thin, "looks" with a point for each value, "aside" broken; `dash` is 0
   to 3, for runs whose colours are the same.
   `series`: one { steps, values, width, low, high } for each line, in the same order. */
import { number, text } from "./scale.js";

const ROWS = 60;
const MOST_DOTS = 60;
const HEIGHT = 210;
const SYNC = "steps";
const DASHES = [undefined, [8, 4], [2, 3], [10, 3, 2, 3]];
let made = 0;

export class Chart {
  #plot = null;

  constructor(parent, { title, unit, lines }) {
    Object.assign(this, { title, unit, lines, series: [], resumes: [] });
    this.figure = this.#build(parent);
    new ResizeObserver(() => this.#fit()).observe(this.place);
    new MutationObserver(() => this.#plot?.redraw()).observe(document.documentElement, {
      attributeFilter: ["data-theme"],
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#plot?.redraw());
  }

  #build(parent) {
    const figure = document.createElement("figure");
    const id = `chart-${++made}`;
    figure.className = "chart";
    figure.setAttribute("aria-labelledby", id);
    figure.innerHTML = `
      <figcaption><strong></strong><ul class="legend"></ul></figcaption>
      <div class="plot" aria-hidden="true"></div>
      <p class="small muted numbers sentence"></p>
      <details class="figure-table"><summary>Table<span class="unseen"></span></summary>
      <div class="scroll" tabindex="0" role="region"><table class="numbers"><thead></thead><tbody></tbody></table></div>
      </details>`;
    figure.querySelector("strong").textContent = this.title;
    figure.querySelector("strong").id = id;
    figure.querySelector(".unseen").textContent = `: ${this.title}`;
    figure.querySelector(".scroll").setAttribute("aria-label", `${this.title}, table`);
    this.place = figure.querySelector(".plot");
    this.keys = this.lines.map((line) => this.#key(line));
    figure.querySelector(".legend").append(...this.keys.map((key) => key.item));
    figure.querySelector("details").addEventListener("toggle", () => this.#tabulate(figure));
    parent.append(figure);
    return figure;
  }

  #key({ label, look, kind = "", dash = 0 }) {
    const item = document.createElement("li");
    item.innerHTML = '<span class="key"></span><span class="name"></span> <span class="value"></span>';
    const [key, name, value] = item.children;
    Object.assign(key.dataset, { look, kind, dash });
    name.textContent = label;
    return { item, key, value };
  }

  /* Draw these points, and tell them. */
  show(series, resumes = []) {
    this.series = series;
    this.resumes = resumes;
    this.data = aligned(series);
    if (this.#plot) this.#plot.setData(this.data);
    else this.#draw();
    this.#tell(null);
    this.figure.querySelector(".sentence").textContent = this.#sentence();
    this.#tabulate(this.figure);
  }

  #draw() {
    const colour = (index) => () => getComputedStyle(this.keys[index].key).color;
    const ink = () => getComputedStyle(this.figure.querySelector(".sentence")).color;
    const grid = () => getComputedStyle(this.place).borderTopColor;
    const axis = { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { show: false }, font: "11px system-ui" };
    const { series, bands } = drawn(this.lines, this.series, colour);
    const options = {
      width: this.place.clientWidth || 300,
      height: HEIGHT,
      legend: { show: false },
      cursor: { sync: { key: SYNC }, drag: { x: false, y: false }, y: false, points: { size: 7 } },
      scales: { x: { time: false } },
      axes: [
        { ...axis, size: 28, values: (_, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? number(tick) : "")) },
        { ...axis, size: 56, values: (_, ticks) => ticks.map((tick) => text(tick, this.unit)) },
      ],
      series,
      bands,
      hooks: {
        setCursor: [(plot) => this.#tell(plot.cursor.idx)],
        drawAxes: [(plot) => marks(plot, this.resumes, ink())],
      },
    };
    this.#plot = new uPlot(options, this.data, this.place);
  }

  #fit() {
    const width = this.place.clientWidth;
    if (width) this.#plot?.setSize({ width, height: HEIGHT });
  }

  /* Values at one place of the data, or the newest of each line. */
  #tell(index) {
    this.series.forEach(({ steps, values }, line) => {
      const at = index === null || index === undefined ? steps.length - 1 : nearest(steps, this.data[0][index]);
      this.keys[line].value.textContent = at < 0 ? "" : text(values[at], this.unit);
    });
  }

  #sentence() {
    const told = this.series.flatMap(({ steps, values }, line) => {
      const known = values.map((value, at) => [value, steps[at]]).filter(([value]) => value !== null);
      if (known.length < 2 || this.series.length > 2) return [];
      const low = known.reduce((a, b) => (b[0] < a[0] ? b : a));
      const high = known.reduce((a, b) => (b[0] > a[0] ? b : a));
      return [`${this.lines[line].label}: ${text(low[0], this.unit)} (step ${number(low[1])}) to ${text(high[0], this.unit)} (step ${number(high[1])}).`];
    });
    const width = Math.max(1, ...this.series.map((one) => one.width ?? 1));
    if (width > 1) told.push(`Each point is the mean of ${width} steps.`);
    if (this.resumes.length) told.push(`It went on from step ${this.resumes.map(number).join(", ")}.`);
    return told.join(" ");
  }

  /* Only while it is open; where there are looks at held-out rows, those are its rows. */
  #tabulate(figure) {
    if (!figure.querySelector("details").open) return;
    const cell = (tag, words, scope) => {
      const made = Object.assign(document.createElement(tag), { textContent: words });
      if (scope) made.scope = scope;
      return made;
    };
    const row = (...cells) => {
      const made = document.createElement("tr");
      made.append(...cells);
      return made;
    };
    const heads = ["Step", ...this.lines.map((line) => line.label)];
    figure.querySelector("thead").replaceChildren(row(...heads.map((head) => cell("th", head, "col"))));
    const at = this.series.map(({ steps }) => new Map(steps.map((step, place) => [step, place])));
    const value = (step, line) => {
      const { values, low, high } = this.series[line];
      const place = at[line].get(step);
      if (place === undefined) return "";
      const told = text(values[place], this.unit);
      return low ? `${told} (${text(low[place], this.unit)} to ${text(high[place], this.unit)})` : told;
    };
    const rows = thinned(this.#rows()).map((step) =>
      row(cell("th", number(step), "row"), ...this.lines.map((_, line) => cell("td", value(step, line)))),
    );
    figure.querySelector("tbody").replaceChildren(...rows);
  }

  #rows() {
    const all = this.data[0];
    const sparse = this.series.reduce((a, b) => (b.steps.length && b.steps.length < a.length ? b.steps : a), all);
    return sparse.length >= 5 ? sparse : all;
  }
}

/* [steps, line, low, high, line, …]; where a line has no value the place is left open. */
function aligned(series) {
  const tables = series.flatMap(({ steps, values, low, high }) =>
    low ? [[steps, values], [steps, low], [steps, high]] : [[steps, values]],
  );
  return uPlot.join(tables.map(([steps, values]) => [steps, values]));
}

function drawn(lines, found, colour) {
  const series = [{}];
  const bands = [];
  lines.forEach(({ kind, dash = 0 }, line) => {
    const looks = kind === "looks";
    series.push({
      stroke: colour(line),
      width: looks ? 2 : 1.25,
      dash: DASHES[dash] ?? (kind === "aside" ? [4, 4] : undefined),
      points: { show: found[line].steps.length <= (looks ? MOST_DOTS : 1), size: 5, fill: colour(line) },
    });
    if (!found[line].low) return;
    const end = { stroke: "transparent", points: { show: false } };
    series.push(end, { ...end });
    const fill = () => colour(line)().replace(/^rgba?\(([^)]+)\)$/, (_, parts) => `rgb(${parts} / 15%)`.replaceAll(",", " "));
    bands.push({ series: [series.length - 1, series.length - 2], fill });
  });
  return { series, bands };
}

/* Where the run went on after a stop: an upright broken line. */
function marks(plot, steps, colour) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.setLineDash([3, 4]);
  for (const step of steps) {
    const x = Math.round(plot.valToPos(step, "x", true));
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

/* The place of the last step that is not behind this one. */
function nearest(steps, step) {
  let [low, high] = [0, steps.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (steps[middle] <= step) low = middle;
    else high = middle - 1;
  }
  return high;
}

function thinned(steps) {
  if (steps.length <= ROWS) return steps;
  const every = (steps.length - 1) / (ROWS - 1);
  return Array.from({ length: ROWS }, (_, place) => steps[Math.round(place * every)]);
}
