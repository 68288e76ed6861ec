/* How settings reshape a distribution: temperature, then top-k, then top-p, as the engine does it
   (llmkit/engine/sampling.py). `scores` are logits in descending order, the repetition penalty
   already in them; a filter therefore always keeps a beginning of the list. */

/* The scores of a place, from base64 of little-endian 32-bit floats. */
export function decodeScores(text) {
  const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Float64Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
}

/* What is picked from. `before[i]` is the probability after temperature, `final[i]` the one it is
   picked with; `insideK` and `inside` count what top-k and both filters leave, `held` is how much
   of `before` the latter hold. */
export function reshape(scores, { temperature, topK, topP }) {
  const before = softmax(scores, temperature || 1);
  const insideK = temperature ? withinTopK(scores, topK) : scores.length;
  const inside = temperature ? withinTopP(before, insideK, topP) : 1;
  const held = sum(before, inside);
  const final = before.map((p, i) => (i < inside ? p / held : 0));
  return { before, final, insideK, inside, held };
}

function softmax(scores, temperature) {
  const weights = scores.map((score) => Math.exp((score - scores[0]) / temperature));
  const total = sum(weights, weights.length);
  return weights.map((weight) => weight / total);
}

/* Scores equal to the k-th all stay, as in transformers. */
function withinTopK(scores, topK) {
  if (!topK || topK >= scores.length) return scores.length;
  let inside = topK;
  while (inside < scores.length && scores[inside] === scores[topK - 1]) inside += 1;
  return inside;
}

/* Those that have less than top-p of what top-k left in front of them, and always the first. */
function withinTopP(before, insideK, topP) {
  if (topP >= 1) return insideK;
  const total = sum(before, insideK);
  let inside = 1;
  let cumulated = before[0] / total;
  while (inside < insideK && cumulated < topP) cumulated += before[inside++] / total;
  return inside;
}

export function sum(values, end, start = 0) {
  let total = 0;
  for (let i = start; i < end; i += 1) total += values[i];
  return total;
}
