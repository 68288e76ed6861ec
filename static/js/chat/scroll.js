/* The view follows new text only while its end is in sight; else a mark says there is more. */
const scroller = document.getElementById("scroller");
const mark = document.getElementById("new-text");
const NEAR_PX = 48;
let following = true;

const atEnd = () => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_PX;

function toEnd() {
  following = true;
  mark.hidden = true;
  scroller.scrollTop = scroller.scrollHeight;
}

function grown() {
  if (following) scroller.scrollTop = scroller.scrollHeight;
  else mark.hidden = false;
}

scroller.addEventListener("scroll", () => {
  following = atEnd();
  if (following) mark.hidden = true;
});
mark.addEventListener("click", toEnd);
document.addEventListener("answer-grown", grown);
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id === "thread") toEnd();
});
toEnd();
