/* The form of a new run: only the settings of the chosen way are open, and going on from an
   adapter leaves no way to choose. */

const form = document.getElementById("new-run");

function showWay() {
  const chosen = form.querySelector('[name="way"]:checked')?.value;
  for (const section of form.querySelectorAll("[data-way]")) {
    section.hidden = section.dataset.way !== chosen;
  }
}

function showGoingOn() {
  const goesOn = Boolean(form.elements.adapter?.value);
  form.querySelector(".ways").hidden = goesOn;
  form.querySelector("[data-going-on]").hidden = !goesOn;
}

form.addEventListener("change", (event) => {
  if (event.target.name === "way") showWay();
  if (event.target.name === "adapter") showGoingOn();
});
document.addEventListener("htmx:afterSettle", showGoingOn);
showWay();
showGoingOn();
