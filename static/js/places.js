/* On a narrow screen the top bar scrolls sideways: the place one is at must be in sight. */
const places = document.querySelector(".top .places");
const here = places?.querySelector("[aria-current]");
if (here) {
  const [bar, mark] = [places.getBoundingClientRect(), here.getBoundingClientRect()];
  places.scrollLeft += mark.left + mark.width / 2 - bar.left - bar.width / 2;
}
