/* The person's menu and the theme. A theme is kept in this browser, not in the account. */

const radios = () => document.querySelectorAll('input[name="theme"]');

export function chooseTheme(name) {
  try {
    if (name === "auto") localStorage.removeItem("theme");
    else localStorage.setItem("theme", name);
  } catch {
    /* Storage is off: the choice lasts as long as this page. */
  }
  if (name === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  showChoice();
}

function showChoice() {
  const current = document.documentElement.dataset.theme ?? "auto";
  for (const radio of radios()) radio.checked = radio.value === current;
}

document.addEventListener("change", (event) => {
  if (event.target.matches('input[name="theme"]')) chooseTheme(event.target.value);
});
document.addEventListener("click", (event) => {
  const choice = event.target.closest("[data-theme-choice]");
  if (choice) chooseTheme(choice.dataset.themeChoice);
});
addEventListener("storage", (event) => {
  if (event.key === "theme") chooseTheme(event.newValue ?? "auto");
});
showChoice();
