/* Files for a message: by button, by drop or by paste. The server reads each at once; then it is a
   chip in its form, whose hidden field goes along when the message is sent. */
import { announce } from "../live.js";

const chat = document.querySelector(".chat");
const key = `files:${chat.dataset.conversation ?? "new"}`;
const BYTES_PER_MB = 1024 * 1024;
const FAILED = "was not attached. The server could not be reached or refused it; try again.";

const formOf = (element) => element.closest(".editor, .composer") ?? document.querySelector(".composer");
const areaOf = (form) => form.querySelector("[data-files]");
const listOf = (area) => area.querySelector(".file-list");
const chipsOf = (area) => [...area.querySelectorAll(".file")];

function say(area, sentence) {
  const said = Object.assign(document.createElement("p"), { className: "notice", role: "alert" });
  said.dataset.tone = "danger";
  said.textContent = sentence;
  area.querySelector(".files-said").append(said);
}

/* What the server would refuse too, but only after the whole file was sent. */
function reasonAgainst(area, file) {
  const { maxFiles, maxMb } = area.dataset;
  if (chipsOf(area).length >= Number(maxFiles)) return `A message takes at most ${maxFiles} files. ${file.name} was not attached.`;
  if (file.size > Number(maxMb) * BYTES_PER_MB) return `${file.name} is larger than ${maxMb} MB. Attach a part of it.`;
  return "";
}

function waitingChip(name) {
  const chip = Object.assign(document.createElement("li"), { className: "file chip" });
  chip.setAttribute("aria-busy", "true");
  chip.append(Object.assign(document.createElement("span"), { className: "file-name truncate", textContent: name }));
  chip.append(Object.assign(document.createElement("span"), { className: "small muted", textContent: "Reading…" }));
  return chip;
}

export async function post(url, file) {
  const body = new FormData();
  if (file) body.append("file", file);
  body.append("model", document.querySelector("#settings-form [name='model']")?.value ?? "");
  return fetch(url, { method: "POST", body, headers: JSON.parse(document.body.getAttribute("hx-headers")) });
}

/* The sentence of a refusal (422), or a general one. */
export async function sentenceOf(response, name) {
  const page = new DOMParser().parseFromString(response?.status === 422 ? await response.text() : "", "text/html");
  return page.querySelector("[role='alert']")?.textContent ?? `${name} ${FAILED}`;
}

async function read(area, file) {
  const chip = waitingChip(file.name);
  listOf(area).append(chip);
  const response = await post(area.dataset.url, file).catch(() => null);
  if (response?.status !== 200 || response.redirected) {
    chip.remove();
    say(area, await sentenceOf(response, file.name));
    return;
  }
  chip.outerHTML = await response.text();
  announce(`${file.name} attached.`);
  changed(area);
}

async function add(form, files) {
  const area = areaOf(form);
  if (!area) return;
  area.querySelector(".files-said").replaceChildren();
  for (const file of files) {
    const reason = reasonAgainst(area, file);
    if (reason) say(area, reason);
    else await read(area, file);
  }
}

/* The gauge measures again, and what waits is remembered for a reload. */
function changed(area) {
  suggest(area);
  remember(area);
  listOf(area).dispatchEvent(new Event("change", { bubbles: true }));
}

/* With a file and no words, the likeliest words are put in, ready to be typed over. */
function suggest(area) {
  const box = area.closest(".composer")?.querySelector("#text");
  const { suggestOne, suggestMore } = area.dataset;
  if (!box || ![suggestOne, suggestMore, ""].includes(box.value.trim())) return;
  const count = chipsOf(area).length;
  box.value = count ? (count > 1 ? suggestMore : suggestOne) : "";
  box.dispatchEvent(new Event("input", { bubbles: true }));
  if (count && matchMedia("(pointer: fine)").matches) box.select();
}

function remember(area) {
  if (!area.closest(".composer")) return;
  const ids = [...area.querySelectorAll("[name='document']")].map((field) => field.value);
  if (ids.length) sessionStorage.setItem(key, ids.join(" "));
  else sessionStorage.removeItem(key);
}

async function bringBack() {
  const area = document.querySelector(".composer [data-files]");
  const ids = sessionStorage.getItem(key)?.split(" ") ?? [];
  if (!area || !ids.length || chipsOf(area).length) return;
  const asked = new URLSearchParams(ids.map((id) => ["document", id]));
  const response = await fetch(`${area.dataset.chipsUrl}?${asked}`).catch(() => null);
  if (!response?.ok || response.redirected) return;
  listOf(area).innerHTML = await response.text();
  changed(area);
}

function remove(button) {
  const form = formOf(button);
  const area = areaOf(form);
  button.closest(".file").remove();
  post(button.dataset.removeFile).catch(() => {});
  changed(area);
  form.querySelector("[data-attach]").focus();
}

/* A file's text goes into a template's field. */
async function fill(button, file) {
  const form = formOf(button);
  const response = await post(button.dataset.fill, file).catch(() => null);
  if (response?.status !== 200 || response.redirected) {
    say(areaOf(form), await sentenceOf(response, file.name));
    return;
  }
  const field = form.elements[button.dataset.field];
  field.value = (await response.json()).text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
}

function choose(input, take) {
  input.addEventListener("change", (event) => {
    event.stopPropagation();
    const files = [...input.files];
    input.value = "";
    take(files);
  }, { once: true });
  input.click();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-attach], [data-fill], [data-remove-file]");
  if (!button) return;
  const form = formOf(button);
  const area = areaOf(form);
  area.querySelector(".files-said").replaceChildren();
  if (button.matches("[data-remove-file]")) return remove(button);
  const input = form.querySelector("input[type='file']");
  input.multiple = button.matches("[data-attach]");
  choose(input, (files) => (input.multiple ? add(form, files) : files[0] && fill(button, files[0])));
});

const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
const dropPlace = (event) => formOf(event.target instanceof Element ? event.target : chat);
const showPlace = (form) => {
  for (const marked of document.querySelectorAll(".dropping")) marked.classList.remove("dropping");
  form?.classList.add("dropping");
};

chat.addEventListener("dragover", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  showPlace(dropPlace(event));
});
chat.addEventListener("dragleave", (event) => {
  if (!chat.contains(event.relatedTarget)) showPlace(null);
});
chat.addEventListener("drop", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  showPlace(null);
  add(dropPlace(event), [...event.dataTransfer.files]);
});
document.addEventListener("paste", (event) => {
  const { files, types } = event.clipboardData ?? {};
  if (!files?.length || types.includes("text/plain") || !event.target.closest?.(".composer, .editor")) return;
  event.preventDefault();
  add(formOf(event.target), [...files]);
});
document.addEventListener("htmx:beforeRequest", (event) => {
  const form = event.target;
  if (!form.matches?.(".composer, .editor") || !form.querySelector(".file[aria-busy]")) return;
  event.preventDefault();
  say(areaOf(form), "A file is still being read. Send again in a moment.");
});
document.addEventListener("htmx:afterRequest", (event) => {
  if (!event.target.matches?.(".composer") || event.detail.xhr.status !== 200) return;
  const area = areaOf(event.target);
  listOf(area).replaceChildren();
  area.querySelector(".files-said").replaceChildren();
  sessionStorage.removeItem(key);
});
bringBack();
