/* The conversation page: its parts find each other through the DOM, not through globals. */
import "./chat/code.js";
import "./chat/composer.js";
import "./chat/panels.js";
import "./chat/refusals.js";
import { watch } from "./chat/watch.js";

const chat = document.querySelector(".chat");
if (chat.dataset.conversation) watch(chat.dataset.conversation);
