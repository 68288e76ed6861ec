/* A ranking in words: for the cards, the screen reader and the line beside the buttons. */

const ENDINGS = { 1: "st", 2: "nd", 3: "rd" };

const ordinal = (number) => `${number}${ENDINGS[number] ?? "th"}`;
const named = (places) => places.map((place) => place + 1).join(" and ");

/* "2nd, tied, unacceptable" */
export function standing(ranking, place) {
  if (ranking.allBad) return "unacceptable";
  const tier = ranking.tierOf(place);
  if (tier < 0) return "";
  const parts = [tier === 0 ? "best" : ordinal(tier + 1)];
  if (ranking.tiers[tier].length > 1) parts.push("tied");
  if (ranking.isBelow(tier)) parts.push("unacceptable");
  return parts.join(", ");
}

/* "Answer 2: 2nd of 3, tied with 4." */
export function sentence(ranking, place) {
  if (ranking.allBad) return "All answers are unacceptable.";
  const tier = ranking.tierOf(place);
  if (tier < 0) return `Answer ${place + 1}: not ranked.`;
  const others = ranking.tiers[tier].filter((other) => other !== place);
  const parts = [`Answer ${place + 1}: ${ordinal(tier + 1)} of ${ranking.tiers.length}`];
  if (others.length) parts.push(`tied with ${named(others)}`);
  if (ranking.isBelow(tier)) parts.push("unacceptable");
  return `${parts.join(", ")}.`;
}

/* "3 > 1 = 4 | 2" */
export function summary(ranking) {
  if (ranking.allBad) return "all bad";
  const tiers = ranking.tiers.map((tier) => tier.map((place) => place + 1).join(" = "));
  return tiers.map((tier, i) => (ranking.line === i ? "| " : i ? "> " : "") + tier).join(" ");
}

export function missing(ranking) {
  const places = ranking.unranked;
  return `${places.length === 1 ? "Answer" : "Answers"} ${named(places)} ${places.length === 1 ? "is" : "are"} not ranked.`;
}
