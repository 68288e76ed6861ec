/* Tokens and numbers as people read them. */

const BYTES = /^(?:\\x[0-9a-f]{2})+$/;
const SIGNS = { " ": "·", "\n": "⏎", "\t": "⇥", "\r": "␍" };

/* A token's own text with its white space made visible; the bytes of a part of a character. */
export function visible({ text }) {
  if (BYTES.test(text)) return text.slice(2).toUpperCase().split("\\X").join(" ");
  return text.replace(/[ \n\t\r]/g, (char) => SIGNS[char]);
}

/* What the answer shows for it: white space alone becomes a sign, a line break also breaks. */
export function inText(token) {
  if (token.special) return token.text;
  if (!token.shown) return "⋯";
  const signs = token.shown.trim() ? token.shown : token.shown.replace(/[ \t]/g, (c) => SIGNS[c]);
  return signs.replace(/\n/g, "⏎\n");
}

/* “·sea”, for a sentence. */
export function quoted(token) {
  if (token.special) return `${token.text} (ends a turn)`;
  if (BYTES.test(token.text)) return `a part of a character (${visible(token)})`;
  return `“${visible(token)}”`;
}

export function percent(p) {
  if (p === 0 || p === 1) return `${100 * p} %`;
  if (p < 0.0001) return "<0.01 %";
  if (p > 0.9999) return ">99.99 %";
  return `${(100 * p).toFixed(p < 0.1 || p > 0.99 ? 2 : 1)} %`;
}

export const count = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

/* An element with properties; `data` becomes its data-* attributes. */
export function make(tag, { data = {}, ...properties } = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  Object.assign(element.dataset, data);
  element.append(...children);
  return element;
}
