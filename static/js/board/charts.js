/* The leaderboard's charts, drawn from the numbers that stand in the tables beside them. */
const holder = document.getElementById("chart-data");
const drawn = [];

if (holder && window.Chart) {
  const data = JSON.parse(holder.textContent);
  draw(data);
  const again = () => {
    while (drawn.length) drawn.pop().destroy();
    draw(data);
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  new MutationObserver(again).observe(document.documentElement, { attributeFilter: ["data-theme"] });
}

function draw(data) {
  const colours = palette();
  const cost = document.getElementById("chart-cost");
  const change = document.getElementById("chart-change");
  if (cost) drawn.push(new window.Chart(cost, scatter(data, colours)));
  if (change) drawn.push(new window.Chart(change, bars(data, colours)));
}

/* A canvas does not know light-dark(): an element of the page does. */
function palette() {
  const probe = document.createElement("span");
  document.body.append(probe);
  const read = (name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const found = { ink: read("--ink"), muted: read("--muted"), line: read("--faint-line"), accent: read("--accent"), bad: read("--warn") };
  probe.remove();
  return found;
}

function scatter(data, colours) {
  const points = data.points;
  return {
    type: "scatter",
    data: {
      datasets: [
        {
          data: points.map(({ x, y }) => ({ x, y })),
          backgroundColor: colours.accent,
          borderColor: colours.accent,
          pointRadius: 5,
          pointHoverRadius: 7,
        },
      ],
    },
    options: options(colours, {
      x: {
        type: "logarithmic",
        title: { display: true, text: data.against, color: colours.muted },
        afterBuildTicks: round,
        ticks: { callback: (value) => short(value, data.unit), color: colours.muted },
        grid: { color: colours.line },
      },
      y: {
        suggestedMin: Math.min(...points.map(({ y, low }) => low ?? y)),
        suggestedMax: Math.max(...points.map(({ y, high }) => high ?? y)),
        title: { display: true, text: data.measure, color: colours.muted },
        ticks: { color: colours.muted },
        grid: { color: colours.line },
      },
    }, (item) => {
      const point = points[item.dataIndex];
      return `${point.name}: ${point.y_text}, ${point.x_text}`;
    }),
    plugins: [intervals(points, colours)],
  };
}

/* Few enough steps that their words stand apart on a telephone, too. */
function round(axis) {
  const decades = Math.log10(axis.max / axis.min);
  const leading = decades <= 1 ? [1, 2, 5] : decades <= 2 ? [1, 3] : [1];
  const kept = axis.ticks.filter(({ value }) => leading.some((digit) => Math.abs(significand(value) - digit) < 1e-6));
  const step = Math.ceil(axis.ticks.length / 4);
  axis.ticks = kept.length > 1 ? kept : axis.ticks.filter((_, place) => place % step === 0);
}

function significand(value) {
  return value / 10 ** Math.floor(Math.log10(value) + 1e-9);
}

/* A line through each point from one end of its interval to the other. */
function intervals(points, colours) {
  return {
    id: "intervals",
    beforeDatasetsDraw({ ctx, scales: { x, y } }) {
      ctx.save();
      ctx.strokeStyle = colours.accent;
      ctx.globalAlpha = 0.45;
      ctx.lineWidth = 2;
      for (const point of points) {
        if (point.low === null) continue;
        ctx.beginPath();
        ctx.moveTo(x.getPixelForValue(point.x), y.getPixelForValue(point.low));
        ctx.lineTo(x.getPixelForValue(point.x), y.getPixelForValue(point.high));
        ctx.stroke();
      }
      ctx.restore();
    },
  };
}

function bars(data, colours) {
  const changes = data.changes.slice(0, 30);
  return {
    type: "bar",
    data: {
      labels: changes.map(({ name }) => name),
      datasets: [{ data: changes.map(({ change }) => change), backgroundColor: changes.map(({ change }) => (change < 0 ? colours.bad : colours.accent)) }],
    },
    options: {
      ...options(colours, {
        x: { ticks: { color: colours.muted }, grid: { color: colours.line } },
        y: { ticks: { color: colours.ink, callback: (place) => end(changes[place].name) }, grid: { display: false } },
      }, (item) => `${changes[item.dataIndex].change_text} against ${changes[item.dataIndex].parent}`),
      indexAxis: "y",
    },
  };
}

/* Names of one family differ at their end. */
function end(name) {
  const most = innerWidth < 640 ? 18 : 34;
  return name.length > most ? `…${name.slice(1 - most)}` : name;
}

function options(colours, scales, label) {
  return {
    animation: false,
    responsive: true,
    maintainAspectRatio: false,
    scales,
    plugins: { legend: { display: false }, tooltip: { callbacks: { label, title: () => "" }, displayColors: false } },
  };
}

function short(value, unit) {
  const number = Number(value);
  if (unit === "seconds") return number < 100 ? `${number} s` : `${Math.round(number / 60)} min`;
  const steps = [[1e9, "G"], [1e6, "M"], [1e3, "k"]];
  const [size, letter] = steps.find(([least]) => number >= least) ?? [1, ""];
  return `${Number((number / size).toPrecision(3))} ${letter}${unit === "tokens" ? "" : "B"}`.trim();
}
