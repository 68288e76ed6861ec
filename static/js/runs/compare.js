/* Curves of several runs over each other: a chart for each measure, a line for each run that has it. */
import { Chart } from "./chart.js";
import { Points } from "./points.js";

const EVERY_MS = 5000;
const more = document.getElementById("more-charts");
const charts = new Map();
const runs = [...document.querySelectorAll(".compared li")].map(({ dataset }) => ({
  ...dataset,
  isLive: "live" in dataset,
  points: new Points(dataset.curves),
}));

/* Each measure that some run has, once: { name, title, unit }. */
function measures(part) {
  const found = new Map();
  for (const { points } of runs) {
    for (const { unit, lines } of points[part]) {
      for (const line of lines) if (!found.has(line.name)) found.set(line.name, { ...line, title: line.label, unit });
    }
  }
  return [...found.values()];
}

function draw(part, parent, taken) {
  const wanted = measures(part).filter(({ name }) => !taken.has(name));
  for (const measure of wanted) {
    const having = runs.filter(({ points }) => points.curves[measure.name]);
    if (having.length === 0) continue;
    chartOf(measure, having, parent).show(having.map(({ points }) => points.of({ name: measure.name })));
  }
  return new Set(wanted.map(({ name }) => name));
}

function chartOf({ name, title, unit }, having, parent) {
  const who = having.map((run) => run.curves).join(" ");
  let found = charts.get(name);
  if (found?.who !== who) {
    found?.chart.figure.remove();
    const lines = having.map((run) => ({ label: run.name, look: run.colour, dash: Number(run.dash) }));
    found = { who, chart: new Chart(parent, { title, unit, lines }) };
    charts.set(name, found);
  }
  return found.chart;
}

async function refresh(which = runs) {
  await Promise.all(which.map(({ points }) => points.refresh()));
  const first = draw("first", document.getElementById("first-charts"), new Set());
  if (more.open) draw("rest", document.getElementById("rest-charts"), first);
  document.getElementById("no-curves").hidden = first.size > 0;
  more.hidden = measures("rest").length === 0;
}

more.addEventListener("toggle", () => {
  if (!more.open) return;
  for (const { points } of runs) points.all = true;
  refresh();
});
const live = runs.filter(({ isLive }) => isLive);
if (live.length) setInterval(() => document.hidden || refresh(live), EVERY_MS);
refresh();
