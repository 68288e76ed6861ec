/* Unfinished work goes to the server as it grows, one request after the other. A sign says how
   that stands. What another tab changed is never written over: `onConflict(newer)` asks. */
import { post } from "./sending.js";

const PAUSE_MS = 600;
const RETRY_MS = 5000;
const RENEW_MS = 240_000;

const clock = () => new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

export class Drafts {
  #timer = 0;
  #sending = null;
  #dirty = false;
  #stopped = false;
  #savedAt = Date.now();

  constructor({ url, revision, read, sign, onConflict, onGone }) {
    Object.assign(this, { url, revision, read, sign, onConflict, onGone });
    this.online = () => this.#dirty && this.#soon(0);
    addEventListener("online", this.online);
  }

  changed() {
    if (this.#stopped) return;
    this.#dirty = true;
    if (!this.failed) this.sign("Saving…");
    this.#soon(PAUSE_MS);
  }

  /* Somebody who reads for long keeps the task: the claim is renewed now and then. */
  used() {
    if (Date.now() - this.#savedAt > RENEW_MS && !this.#dirty) this.changed();
  }

  get unsaved() {
    return this.#dirty || this.#sending !== null;
  }

  /* Whatever is not saved yet goes now. */
  async flush() {
    clearTimeout(this.#timer);
    await this.#sending;
    if (this.#dirty) await this.#save();
  }

  /* Nothing is saved from here on; resolves when what is under way has arrived. */
  async stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#sending;
  }

  resume(revision = this.revision) {
    this.#stopped = false;
    this.revision = revision;
  }

  close() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    removeEventListener("online", this.online);
  }

  /* A request that is under way ends with the page, so its words are sent again. */
  leave() {
    if (this.#stopped || !this.unsaved) return;
    post(this.url, { draft: this.read(), revision: this.revision }, { keepalive: true }).catch(() => {});
  }

  #soon(pause) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#save(), pause);
  }

  async #save() {
    if (this.#sending || this.#stopped) return;
    this.#dirty = false;
    this.#sending = this.#send();
    await this.#sending;
    this.#sending = null;
    if (this.#dirty && !this.#stopped) this.#soon(this.failed ? RETRY_MS : PAUSE_MS);
  }

  async #send() {
    try {
      const answer = await post(this.url, { draft: this.read(), revision: this.revision });
      this.revision = (await answer.json()).revision;
      this.#savedAt = Date.now();
      this.failed = false;
      if (!this.#stopped) this.sign(`Saved ${clock()}`);
    } catch (error) {
      if (!this.#stopped) this.#refused(error);
    }
  }

  #refused(error) {
    this.failed = true;
    if (error.passes) {
      this.#dirty = true;
      this.sign("Not saved: offline, will try again", "warn");
    } else if (error.status === 401) {
      this.#dirty = true;
      this.sign("Not saved: you are signed out. Sign in in another tab", "warn");
    } else {
      this.#stopped = true;
      this.sign("Not saved", "warn");
      if (error.status === 409) this.onConflict(error.answer);
      else this.onGone(error);
    }
  }
}
