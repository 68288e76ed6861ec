/* Values in words, as training/showing/measures.py writes them. */

const fixed = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

export function number(value) {
  if (value === 0) return "0";
  if (Math.abs(value) >= 1000) return fixed.format(value);
  if (Math.abs(value) < 0.001) return String(Number(value.toPrecision(3)));
  return String(Number(value.toPrecision(4)));
}

function bytes(value) {
  for (const [size, unit] of [[1e9, "GB"], [1e6, "MB"]]) {
    if (value >= size) return `${(value / size).toFixed(value / size < 10 ? 1 : 0)} ${unit}`;
  }
  return `${Math.round(value / 1000)} kB`;
}

const UNITS = {
  share: (value) => `${Number((100 * value).toFixed(1))} %`,
  bytes,
  seconds: (value) => `${number(value)} s`,
};

export function text(value, unit) {
  return value === null || value === undefined ? "–" : (UNITS[unit] ?? number)(value);
}
