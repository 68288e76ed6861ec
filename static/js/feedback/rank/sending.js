/* Posting JSON so that nothing gets lost unseen. What went wrong is a Refusal with a status:
   0 the server was not reached, 401 signed out, else what the server said and with which words. */

const TIMEOUT_MS = 20_000;

export class Refusal extends Error {
  constructor(status, text, answer = {}) {
    super(text);
    this.status = status;
    this.answer = answer;
  }

  /* Whether trying again later may help. */
  get passes() {
    return this.status === 0 || this.status >= 500;
  }
}

const SIGNED_OUT = "You are signed out. Sign in in another tab, then go on here.";

const headers = () => JSON.parse(document.body.getAttribute("hx-headers"));

async function reach(url, options) {
  try {
    const answer = await fetch(url, { ...options, signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (answer.redirected && new URL(answer.url).pathname === document.body.dataset.signIn) throw new Refusal(401, SIGNED_OUT);
    return answer;
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal(0, "The server could not be reached.");
  }
}

/* Signing in anew changes the form token, so the page asks for the one of now. */
async function freshToken() {
  const page = await reach(location.pathname, {});
  const parsed = new DOMParser().parseFromString(await page.text(), "text/html");
  document.body.setAttribute("hx-headers", parsed.body.getAttribute("hx-headers"));
}

export async function post(url, data, { keepalive = false, again = true } = {}) {
  const body = JSON.stringify(data);
  const answer = await reach(url, { method: "POST", body, keepalive, headers: { ...headers(), "Content-Type": "application/json" } });
  if (answer.ok) return answer;
  if (answer.status === 403 && again) {
    await freshToken();
    return post(url, data, { keepalive, again: false });
  }
  const said = await answer.json().catch(() => ({}));
  throw new Refusal(answer.status, said.error ?? `That did not work (${answer.status}). Try again, or reload the page.`, said);
}

export async function fetchText(url) {
  const answer = await reach(url, {});
  if (!answer.ok) throw new Refusal(answer.status, `That did not work (${answer.status}). Reload the page.`);
  return answer.text();
}
