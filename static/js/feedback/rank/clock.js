/* Active time: milliseconds while the page is visible and somebody uses it. */

const IDLE_MS = 60_000;
const TICK_MS = 1000;
const SIGNS = ["pointermove", "pointerdown", "keydown", "wheel", "scroll", "touchmove"];

let lastUsed = performance.now();
for (const name of SIGNS) addEventListener(name, () => (lastUsed = performance.now()), { passive: true, capture: true });

export class Clock {
  constructor(ms, onUsed) {
    this.ms = Number.isFinite(ms) ? ms : 0;
    this.at = performance.now();
    this.timer = setInterval(() => this.#tick() && onUsed(), TICK_MS);
  }

  read() {
    this.#tick();
    return Math.round(this.ms);
  }

  stop() {
    clearInterval(this.timer);
  }

  #tick() {
    const now = performance.now();
    const passed = Math.min(now - this.at, 2 * TICK_MS);
    this.at = now;
    const used = document.visibilityState === "visible" && now - lastUsed < IDLE_MS;
    if (used) this.ms += passed;
    return used;
  }
}
