/* The conversation page: its parts find each other through the DOM, not through globals. */
import "./chat/code.js";
import "./chat/composer.js";
import "./chat/files.js";
import "./chat/gauge.js";
import "./chat/lens.js";
import "./chat/panels.js";
import "./chat/refusals.js";
import "./chat/scroll.js";
import { watch } from "./chat/watch.js";

const { conversation } = document.querySelector(".chat").dataset;
const refresh = () => htmx.ajax("GET", `/c/${conversation}/thread`, { target: "#thread" });
if (conversation) watch(`/ws/c/${conversation}/`, refresh);
