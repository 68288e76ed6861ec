/* A 422 carries one sentence: it is shown beside the form it is about, and nothing else changes. */
export const TAB = crypto.randomUUID?.() ?? String(Math.random());

const place = (element) =>
  element.closest(".column")?.querySelector(".refused") ??
  document.getElementById(element.closest("#panel") ? "settings-said" : "refused");

document.addEventListener("htmx:configRequest", ({ detail }) => {
  detail.headers["X-Tab"] = TAB;
  const last = document.querySelector("#thread > .turn:last-of-type");
  if (last && detail.elt.matches(".composer")) detail.headers["X-Last-Shown"] = last.dataset.message;
});
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.xhr.status !== 422) return;
  Object.assign(detail, {
    shouldSwap: true,
    isError: false,
    swapOverride: "innerHTML",
    target: place(detail.requestConfig.elt),
  });
});
