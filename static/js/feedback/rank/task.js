/* One task on the desk: the ranking somebody makes, what they say beside it, and keeping both. */
import { ask } from "../../dialogs.js";
import { announce } from "../../live.js";
import { Said } from "./answers.js";
import { Clock } from "./clock.js";
import { dragging } from "./drag.js";
import { Drafts } from "./drafts.js";
import { Ladder } from "./ladder.js";
import { Ranking } from "./ranking.js";
import { Refusal, post } from "./sending.js";
import { missing, sentence } from "./words.js";

const AGAIN_MS = 4000;
const MOVES = { up: "up", down: "down", tie: "tie", line: "drawLine", out: "takeOut" };

export class Task {
  constructor(root, { next }) {
    this.root = root;
    this.next = next;
    this.start = JSON.parse(root.querySelector("#desk-state").textContent);
    this.chosen = null;
    this.said = new Said(root, this.start.size);
    this.ladder = new Ladder(root);
    this.clock = new Clock(this.start.draft.active_ms, () => this.drafts.used());
    this.drafts = new Drafts({
      url: root.dataset.draft,
      revision: this.start.revision,
      read: () => this.payload(),
      sign: (text, tone) => this.sign(text, tone),
      onConflict: (newer) => this.conflict(newer),
      onGone: (error) => this.gone(error),
    });
    this.load(this.start.draft);
    this.listen();
  }

  listen() {
    const { root } = this;
    root.addEventListener("click", (event) => this.clicked(event.target));
    root.addEventListener("input", (event) => event.target.closest("dialog") || this.changed());
    dragging(root, this.ranking, (place) => this.moved(place));
    root.querySelector("[data-skip-form]").addEventListener("submit", (event) => this.skip(event));
  }

  close() {
    this.clock.stop();
    this.drafts.close();
    this.forget();
  }

  load(draft) {
    const loaded = new Ranking(this.start.size, draft);
    this.ranking = this.ranking ? Object.assign(this.ranking, loaded) : loaded;
    this.said.fill(draft);
    this.show();
  }

  payload() {
    return { set: this.start.set, ...this.ranking.payload(), ...this.said.payload(), active_ms: this.clock.read() };
  }

  show() {
    this.ladder.show(this.ranking, this.chosen);
    const nothing = this.chosen === null;
    for (const button of this.root.querySelectorAll(".moves [data-act]:not([data-act=bad])")) button.disabled = nothing;
  }

  changed() {
    this.sure = false;
    this.forget();
    if (!this.conflicting) this.quiet();
    this.drafts.changed();
  }

  moved(place) {
    this.chosen = place;
    this.show();
    this.changed();
    announce(sentence(this.ranking, place));
  }

  /* An answer that is not ranked comes next; one that is ranked is only selected. */
  pick(place) {
    if (place >= this.start.size) return false;
    if (this.ranking.tierOf(place) < 0) {
      this.ranking.add(place);
      this.moved(place);
    } else {
      this.chosen = place;
      this.show();
      announce(`Selected. ${sentence(this.ranking, place)}`);
    }
    return true;
  }

  act(name, place) {
    if (name === "digit") return this.pick(place);
    if (name in MOVES) return this.move(MOVES[name]);
    const act = this[`do_${name}`];
    return act ? act.call(this) !== false : false;
  }

  move(method) {
    if (this.chosen === null) return false;
    const before = JSON.stringify(this.ranking.payload());
    this.ranking[method](this.chosen);
    if (JSON.stringify(this.ranking.payload()) !== before) this.moved(this.chosen);
    else announce(sentence(this.ranking, this.chosen));
    return true;
  }

  do_bad() {
    this.ranking.toggleAllBad();
    this.show();
    this.changed();
    announce(this.ranking.allBad ? "All bad." : "Not all bad.");
  }

  do_view() {
    this.card()?.scrollIntoView({ block: "start" });
  }

  do_flag() {
    this.card()?.querySelector("fieldset input")?.focus();
  }

  do_improve() {
    if (this.chosen !== null && this.said.better) this.improve(this.chosen);
  }

  do_comment() {
    this.said.comment?.focus();
  }

  do_skip() {
    this.root.querySelector("[data-opens=skip-task]").click();
  }

  do_leave() {
    if (document.activeElement !== document.body && this.root.contains(document.activeElement)) document.activeElement.blur();
    else this.choose(null);
  }

  choose(place) {
    this.chosen = place;
    this.show();
  }

  card() {
    return this.ladder.cards[this.chosen ?? -1];
  }

  clicked(element) {
    const handle = element.closest("[data-handle]");
    if (handle) this.pick(Number(handle.dataset.chip ?? handle.dataset.pick));
    const act = element.closest("[data-act]");
    if (act) this.next.act(act.dataset.act);
    const improve = element.closest("[data-improve]");
    if (improve) this.improve(Number(improve.dataset.improve));
    const raw = element.closest("[data-raw]");
    if (raw) this.raw(raw);
    if (element.closest("[data-better-remove]")) this.removeBetter();
    if (element.closest("[data-skip-cancel]")) element.closest("dialog").close();
  }

  raw(button) {
    const card = button.closest(".answer");
    const said = card.querySelector(".said");
    if (!said) return;
    said.hidden = !said.hidden;
    card.querySelector("[data-text]").hidden = !said.hidden;
    button.setAttribute("aria-pressed", String(said.hidden));
  }

  async improve(place) {
    if (this.said.wouldReplace(place) && !(await ask("You have written another better answer. Replace it?", "Replace it"))) return;
    this.said.improve(place);
    this.changed();
  }

  removeBetter() {
    this.said.removeBetter();
    this.changed();
  }

  /* Words beside the buttons */

  sign(text, tone = "") {
    const sign = this.root.querySelector("[data-saved]");
    sign.textContent = text;
    sign.dataset.tone = tone;
    if (tone && this.signed !== text) announce(text);
    this.signed = text;
  }

  tell(text, buttons = [], tone = "") {
    const box = this.root.querySelector("[data-told]");
    box.querySelector("[data-told-text]").textContent = text;
    box.querySelector("[data-told-acts]").replaceChildren(
      ...buttons.map(([name, run]) => {
        const button = Object.assign(document.createElement("button"), { type: "button", className: "secondary", textContent: name });
        button.addEventListener("click", run);
        return button;
      }),
    );
    box.dataset.tone = tone;
    box.hidden = false;
  }

  quiet() {
    this.root.querySelector("[data-told]").hidden = true;
  }

  conflict({ error, draft, revision }) {
    this.conflicting = true;
    this.tell(`${error} Which one goes on?`, [
      ["Take the newer one", () => this.settle(revision, draft)],
      ["Keep mine", () => this.settle(revision)],
    ]);
  }

  settle(revision, draft) {
    this.conflicting = false;
    this.quiet();
    this.drafts.resume(revision);
    if (draft) this.load(draft);
    this.drafts.changed();
  }

  gone(error) {
    this.conflicting = true;
    this.tell(error.message, [["Next task", () => this.next.fetch()]], "danger");
  }

  /* Sending */

  do_submit() {
    if (this.conflicting || this.busy) return;
    const lacks = this.ranking.unranked.length > 0 && !this.ranking.allBad;
    if (lacks && !this.sure) {
      this.sure = true;
      this.tell(`${missing(this.ranking)} Submit once more to send it like this.`);
      return;
    }
    this.send(this.root.dataset.submit, { ...this.payload(), key: this.start.key }, "Saved.");
  }

  skip(event) {
    const form = event.target;
    const reason = form.elements.own.value.trim() || form.elements.reason.value;
    this.send(this.root.dataset.skip, { reason }, "Skipped.");
  }

  /* The same key goes with every try, so a lost answer never makes a second ranking. */
  async send(url, body, said) {
    if (this.busy) return;
    this.busy = true;
    this.forget();
    await this.drafts.stop();
    try {
      const answer = await post(url, body);
      this.next.show(await answer.text(), said);
    } catch (error) {
      this.busy = false;
      this.drafts.resume();
      this.refused(error, () => this.send(url, body, said));
    }
  }

  /* After a while, or as soon as the network is back. */
  later(again) {
    this.forget();
    this.retry = setTimeout(again, AGAIN_MS);
    this.online = again;
    addEventListener("online", again, { once: true });
  }

  forget() {
    clearTimeout(this.retry);
    if (this.online) removeEventListener("online", this.online);
  }

  refused(error, again) {
    if (!(error instanceof Refusal)) throw error;
    if (error.passes) {
      this.sign("Not sent: offline, will try again", "warn");
      this.later(again);
    } else if (error.status === 410) this.gone(error);
    else this.tell(error.message, [], "danger");
  }
}
