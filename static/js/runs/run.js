/* The page of a run: it follows the row, draws what is new, and says when the state changes. */
import { announce } from "../live.js";
import { Chart } from "./chart.js";
import { Points } from "./points.js";

const section = document.getElementById("curves");
const more = document.getElementById("more-charts");
const points = new Points(section.dataset.address);
const charts = new Map();
let { state, read } = document.getElementById("live").dataset;

/* Every curve of a run has the run's colour; what it is only held against is grey and broken. */
function drawnAs({ name, held_out: heldOut }, place, { key }) {
  const look = section.dataset.colour;
  if (heldOut) return { look, kind: "looks" };
  return name === key ? { look } : { look: "aside", kind: "aside", dash: place % 4 };
}

/* A chart is made anew where it has got other lines. */
function chartOf(spec, parent) {
  const lines = JSON.stringify(spec.lines);
  let found = charts.get(spec.key);
  if (found?.spec !== lines) {
    found?.chart.figure.remove();
    const drawn = spec.lines.map((line, place) => ({ label: line.label, ...drawnAs(line, place, spec) }));
    found = { spec: lines, chart: new Chart(parent, { title: spec.title, unit: spec.unit, lines: drawn }) };
    charts.set(spec.key, found);
  }
  return found.chart;
}

function draw() {
  const show = (specs, id) => {
    const parent = document.getElementById(id);
    for (const spec of specs) chartOf(spec, parent).show(spec.lines.map((line) => points.of(line)), points.resumes);
  };
  show(points.first, "first-charts");
  if (more.open) show(points.rest, "rest-charts");
  document.getElementById("no-curves").hidden = points.first.length > 0;
  more.hidden = points.rest.length === 0;
}

async function refresh() {
  const news = await points.refresh();
  if (news.points) draw();
  if (news.samples) document.body.dispatchEvent(new Event("new-samples"));
  if (news.lines) document.body.dispatchEvent(new Event("new-lines"));
}

more.addEventListener("toggle", () => {
  if (!more.open) return;
  points.all = true;
  refresh();
});

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id !== "live") return;
  if (document.querySelector("dialog[open]")) event.detail.shouldSwap = false;
});
document.addEventListener("htmx:afterSettle", () => {
  const now = document.getElementById("live").dataset;
  if (now.state !== state) announce(`The run: ${now.state.toLowerCase()}.`);
  if (now.read !== read) refresh();
  ({ state, read } = now);
});
refresh();
scrollLogs();

/* A log is read from its end. */
function scrollLogs() {
  for (const log of document.querySelectorAll(".log-lines, #printed pre")) log.scrollTop = log.scrollHeight;
}
document.addEventListener("htmx:afterSettle", scrollLogs);
