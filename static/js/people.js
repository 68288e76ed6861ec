/* Save appears in a person's row once a tick there differs from what is stored. */
const table = document.querySelector(".people");
table.addEventListener("change", (event) => {
  const row = event.target.closest("tr");
  const boxes = [...row.querySelectorAll("input")];
  row.classList.toggle("changed", boxes.some((box) => box.checked !== box.defaultChecked));
});
