/* Dragging by mouse, pen or finger: an answer's number or its chip onto a tier (a tie), between
   tiers, below the line, onto another answer (a tie), or back among those not ranked. */

const START_PX = 5;
const EDGE_PX = 70;
const SCROLL_PX = 12;

const placeOf = (handle) => Number(handle.dataset.chip ?? handle.dataset.pick);

/* Where a drop would put it: {element, how, act(ranking, place)}, or null. */
function target(x, y, place, ranking) {
  const over = document.elementFromPoint(x, y);
  const find = (selector) => over?.closest(selector);
  const row = find("[data-tier]");
  if (row) return onTier(row, y, place, ranking);
  const line = find("[data-line]");
  if (line) return { element: line, how: "into", act: () => ranking.putBelow(place) };
  const ladder = find("[data-ladder]");
  if (ladder) return { element: ladder, how: "into", act: () => ranking.add(place) };
  const tray = find("[data-tray]");
  if (tray) return { element: tray, how: "into", act: () => ranking.takeOut(place) };
  const card = find(".answer");
  const other = card && Number(card.dataset.place);
  return card && other !== place ? { element: card, how: "into", act: () => ranking.tieWith(place, other) } : null;
}

function onTier(row, y, place, ranking) {
  const tier = Number(row.dataset.tier);
  const { top, height } = row.getBoundingClientRect();
  const part = (y - top) / height;
  const below = ranking.isBelow(tier);
  if (part < 0.3) return { element: row, how: "before", act: () => ranking.putAt(place, tier, below) };
  if (part > 0.7) return { element: row, how: "after", act: () => ranking.putAt(place, tier + 1, below) };
  const other = ranking.tiers[tier].find((member) => member !== place);
  return other === undefined ? null : { element: row, how: "into", act: () => ranking.tieWith(place, other) };
}

export function dragging(root, ranking, done) {
  let drag = null;

  function begin(event) {
    const handle = event.target.closest("[data-handle]");
    if (!handle || event.button !== 0 || drag) return;
    drag = { handle, place: placeOf(handle), x: event.clientX, y: event.clientY, id: event.pointerId, ghost: null };
  }

  function move(event) {
    if (drag?.id !== event.pointerId) return;
    if (!drag.ghost && Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < START_PX) return;
    event.preventDefault();
    if (!drag.ghost) lift(event);
    drag.ghost.style.translate = `${event.clientX}px ${event.clientY}px`;
    show(target(event.clientX, event.clientY, drag.place, ranking));
    scrollNear(event.clientY);
  }

  function lift(event) {
    drag.handle.setPointerCapture(event.pointerId);
    drag.ghost = Object.assign(document.createElement("div"), { className: "ghost", textContent: drag.place + 1 });
    document.body.append(drag.ghost);
    root.classList.add("dragging");
  }

  function show(found) {
    if (drag.target) delete drag.target.element.dataset.drop;
    drag.target = found;
    if (found) found.element.dataset.drop = found.how;
  }

  function end(event) {
    if (drag?.id !== event.pointerId) return;
    const { ghost, target: found, place } = drag;
    if (ghost) show(null);
    drag = null;
    root.classList.remove("dragging");
    ghost?.remove();
    if (!ghost) return;
    root.addEventListener("click", swallow, { capture: true, once: true });
    setTimeout(() => root.removeEventListener("click", swallow, { capture: true }));
    if (found && event.type === "pointerup") {
      found.act();
      done(place);
    }
  }

  const swallow = (event) => {
    event.stopPropagation();
    event.preventDefault();
  };
  root.addEventListener("pointerdown", begin);
  root.addEventListener("pointermove", move);
  root.addEventListener("pointerup", end);
  root.addEventListener("pointercancel", end);
  root.addEventListener("dragstart", (event) => event.target.closest?.("[data-handle]") && event.preventDefault());
}

function scrollNear(y) {
  if (y < EDGE_PX) scrollBy(0, -SCROLL_PX);
  else if (y > innerHeight - EDGE_PX) scrollBy(0, SCROLL_PX);
}
