/* A copy button on every code block of an answer. */
export function addCopyButtons() {
  for (const pre of document.querySelectorAll(".turn.assistant .said pre:not(.with-copy)")) {
    const button = Object.assign(document.createElement("button"), {
      type: "button",
      className: "quiet copy-code",
      textContent: "Copy",
      ariaLabel: "Copy code",
    });
    button.dataset.copy = pre.textContent;
    const frame = Object.assign(document.createElement("div"), { className: "code" });
    pre.classList.add("with-copy");
    pre.replaceWith(frame);
    frame.append(pre, button);
  }
}

document.addEventListener("htmx:afterSettle", addCopyButtons);
addCopyButtons();
