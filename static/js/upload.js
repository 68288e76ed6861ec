/* A file goes up in pieces, so that it is never held in memory and goes on where it broke
   off: the server says how much has arrived. */
import { announce } from "./live.js";

const RETRIES = 5;
const PAUSE_MS = 2000;
const form = document.getElementById("upload");
const shown = form.querySelector(".upload-progress");
const alertBox = form.querySelector("[role=alert]");
const headers = JSON.parse(document.body.getAttribute("hx-headers"));
let sending = false;

const bytes = (count) =>
  count < 1e9 ? `${Math.round(count / 1e6)} MB` : `${(count / 1e9).toFixed(1)} GB`;

function tell(sentence) {
  alertBox.textContent = sentence;
  alertBox.hidden = !sentence;
}

function show(have, size) {
  shown.hidden = false;
  shown.querySelector("progress").value = (100 * have) / size;
  shown.querySelector("[data-said]").textContent = `${bytes(have)} of ${bytes(size)}`;
}

async function asked(url, options) {
  const response = await fetch(url, { ...options, headers });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw Object.assign(new Error(answer.error ?? ""), { final: response.status < 500 });
  return answer;
}

/* A piece that the network lost is sent again a few times before it is given up. */
async function sent(url, body) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await asked(url, { method: "PUT", body });
    } catch (error) {
      if (error.final || tries === RETRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}

async function upload(file) {
  const body = new FormData(form);
  body.set("file_name", file.name);
  body.set("size", file.size);
  let { id, have, page } = await asked(form.dataset.url, { method: "POST", body });
  while (have < file.size) {
    show(have, file.size);
    const piece = file.slice(have, have + Number(form.dataset.piece));
    ({ have } = await sent(`${form.dataset.url}${id}/${have}`, piece));
  }
  return page ?? form.dataset.list;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const [file] = form.querySelector("[type=file]").files;
  if (sending || !file) return;
  sending = true;
  tell("");
  try {
    const next = await upload(file);
    sending = false;
    location.assign(next);
  } catch (error) {
    tell(error.message || "The upload broke off. Press the button to go on where it stopped.");
    announce(alertBox.textContent);
  }
  sending = false;
});

window.addEventListener("beforeunload", (event) => {
  if (sending) event.preventDefault();
});
