/* A ranking as somebody makes it: tiers of answers, best first, a line below which answers are
   unacceptable, and what is not ranked. Answers are named by the place they are shown at, from 0.

   `line` is the number of tiers above the line, null without one. */

const isPlace = (size) => (place) => Number.isInteger(place) && place >= 0 && place < size;

function known(tiers, size) {
  if (!Array.isArray(tiers)) return [];
  const seen = new Set();
  const fresh = (place) => isPlace(size)(place) && !seen.has(place) && seen.add(place);
  return tiers.map((tier) => (Array.isArray(tier) ? tier.filter(fresh) : [])).filter((tier) => tier.length);
}

export class Ranking {
  constructor(size, { tiers, line, all_bad: allBad } = {}) {
    this.size = size;
    this.tiers = known(tiers, size);
    this.line = Number.isInteger(line) && line >= 0 ? line : null;
    this.allBad = allBad === true;
    this.#tidy();
  }

  get unranked() {
    return [...Array(this.size).keys()].filter((place) => this.tierOf(place) < 0);
  }

  tierOf(place) {
    return this.tiers.findIndex((tier) => tier.includes(place));
  }

  isBelow(tier) {
    return this.line !== null && tier >= this.line;
  }

  payload() {
    const { tiers, unranked, line, allBad } = this;
    return { tiers, unranked, line, all_bad: allBad };
  }

  /* What people do. Each leaves all-bad, and changes nothing where there is nothing to change. */

  add(place) {
    this.#changing(() => {
      this.#take(place);
      this.#append(place);
    });
  }

  up(place) {
    this.#step(place, (tier, alone) => {
      if (!alone) this.#split(place, tier, this.isBelow(tier));
      else if (this.line === tier) this.line = tier + 1;
      else this.#swap(tier, tier - 1);
    });
  }

  down(place) {
    this.#step(place, (tier, alone) => {
      if (!alone) this.#split(place, tier + 1, this.isBelow(tier));
      else if (this.line === tier + 1) this.line = tier;
      else this.#swap(tier, tier + 1);
    });
  }

  tie(place) {
    this.#changing(() => {
      if (this.tierOf(place) < 0) this.#append(place);
      const tier = this.tierOf(place);
      if (tier > 0) this.#join(place, this.tiers[tier - 1][0]);
    });
  }

  tieWith(place, other) {
    if (place === other) return;
    this.#changing(() => {
      if (this.tierOf(other) < 0) this.#append(other);
      this.#join(place, other);
    });
  }

  /* Between two tiers: before the one numbered `at`, on this side of the line or the other. */
  putAt(place, at, below) {
    this.#changing(() => {
      const tier = this.tierOf(place);
      const closes = tier >= 0 && tier < at && this.tiers[tier].length === 1;
      this.#take(place);
      this.#insert(closes ? at - 1 : at, place, below);
    });
  }

  putBelow(place) {
    this.#changing(() => {
      this.#take(place);
      this.line ??= this.tiers.length;
      this.#insert(this.tiers.length, place, true);
    });
  }

  /* The answer and all that is worse becomes unacceptable; once more takes the line away. */
  drawLine(place) {
    this.#changing(() => {
      const isNew = this.tierOf(place) < 0;
      if (isNew) this.#append(place);
      const tier = this.tierOf(place);
      if (isNew) this.line ??= tier;
      else this.line = this.line === tier ? null : tier;
    });
  }

  takeOut(place) {
    this.#changing(() => this.#take(place));
  }

  toggleAllBad() {
    this.allBad = !this.allBad;
  }

  #changing(act) {
    this.allBad = false;
    act();
    this.#tidy();
  }

  #step(place, act) {
    this.#changing(() => {
      const tier = this.tierOf(place);
      if (tier < 0) this.#append(place);
      else act(tier, this.tiers[tier].length === 1);
    });
  }

  #append(place) {
    this.#insert(this.tiers.length, place, this.line !== null);
  }

  #split(place, at, below) {
    this.#take(place);
    this.#insert(at, place, below);
  }

  #swap(one, other) {
    const { tiers } = this;
    if (tiers[one] && tiers[other]) [tiers[one], tiers[other]] = [tiers[other], tiers[one]];
  }

  #join(place, other) {
    this.#take(place);
    const tier = this.tiers[this.tierOf(other)];
    tier.push(place);
    tier.sort((a, b) => a - b);
  }

  #take(place) {
    const tier = this.tierOf(place);
    if (tier < 0) return;
    this.tiers[tier] = this.tiers[tier].filter((member) => member !== place);
    if (this.tiers[tier].length) return;
    this.tiers.splice(tier, 1);
    if (this.line !== null && tier < this.line) this.line -= 1;
  }

  #insert(at, place, below) {
    this.tiers.splice(at, 0, [place]);
    if (this.line !== null && (at < this.line || (at === this.line && !below))) this.line += 1;
  }

  #tidy() {
    if (this.line !== null && this.line >= this.tiers.length) this.line = null;
  }
}
