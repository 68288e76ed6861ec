/* The gauge comes anew while one types: an exact prompt that is open stays open. */
let open = false;

document.addEventListener("htmx:beforeSwap", ({ target }) => {
  if (target.id === "gauge") open = target.querySelector("details")?.open ?? false;
});
document.addEventListener("htmx:afterSwap", ({ target }) => {
  const exact = target.id === "gauge" && target.querySelector("details");
  if (exact) exact.open = open;
});
