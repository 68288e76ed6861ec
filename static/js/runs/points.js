/* The points of one run: all of them at first, then only what is new.

   const points = new Points(address);
   const news = await points.refresh();   { points, samples, lines }: what has come
   points.all = true                      asks for the folded curves, too, from the next refresh on

   A point of a long run stands for several steps. What comes while one looks is kept step by step,
   until it is so much that everything is asked for again, in fewer points. */

const MOST_NEW = 1000;

export class Points {
  #offset = 0;
  #fresh = 0;
  #names = new Set();
  #busy = null;
  #all = false;
  first = [];
  rest = [];
  curves = {};
  resumes = [];

  constructor(address) {
    this.address = address;
  }

  set all(wanted) {
    this.#all = wanted;
    this.#offset = 0;
  }

  /* One request at a time. */
  refresh() {
    this.#busy ??= this.#ask().finally(() => (this.#busy = null));
    return this.#busy;
  }

  async #ask() {
    const news = { points: false, samples: false, lines: false };
    let told;
    do {
      told = await fetched(`${this.address}?after=${this.#offset}${this.#all ? "&all" : ""}`);
      if (!told) break;
      this.#offset = told.offset;
      if (told.whole) this.#take(told, news);
      else this.#append(told, news);
    } while (told.more || this.#offset === 0);
    return news;
  }

  /* After the first time this means that the run went on from an earlier step. */
  #take({ first, rest, curves, resumes, names }, news) {
    news.points = true;
    news.samples = news.lines = resumes.length > this.resumes.length;
    Object.assign(this, { first, rest, curves, resumes });
    this.#names = new Set(names);
    this.#fresh = 0;
  }

  #append({ curves, samples, lines }, news) {
    news.samples ||= samples.length > 0;
    news.lines ||= lines > 0;
    for (const [name, { steps, values }] of Object.entries(curves)) {
      news.points = true;
      if (!this.#names.has(name)) this.#offset = 0;
      if (this.curves[name]) steps.forEach((step, place) => put(this.curves[name], step, values[place]));
    }
    this.#fresh += Math.max(0, ...Object.values(curves).map(({ steps }) => steps.length));
    if (this.#fresh > MOST_NEW) this.#offset = 0;
  }

  /* What a chart draws of one of its lines. */
  of({ name, band }) {
    const { steps = [], values = [], width = 1 } = this.curves[name] ?? {};
    const [low, high] = (band ?? []).map((end) => this.curves[end]?.values);
    return { steps, values, width, ...(low && high ? { low, high } : {}) };
  }
}

function put(curve, step, value) {
  if (curve.steps.at(-1) >= step) {
    curve.values[curve.values.length - 1] = value;
    return;
  }
  curve.steps.push(step);
  curve.values.push(value);
}

async function fetched(address) {
  try {
    const answer = await fetch(address, { headers: { Accept: "application/json" } });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}
