/* The frame's behaviour. Pages import the small modules beside this one (palette.js, notify.js,
   live.js, dialogs.js), never this file. */
import "./activity.js";
import "./dialogs.js";
import "./live.js";
import "./menu.js";
import "./notify.js";
import "./palette.js";
import "./places.js";
import "./session.js";
import "./shortcuts.js";
