// Where somebody is (#/ or #/extractions/ID), and what keys and files do there.

import { confirmThat, showHelp } from "./dialogs.js";
import { Documents } from "./documents.js";
import { byId, showError } from "./dom.js";
import { Review } from "./review.js";
import { listen } from "./shortcuts.js";
import { listenForFiles, makeUpload } from "./upload.js";
import { showCount, Waiting } from "./waiting.js";

const makeView = {
  home: () => new Documents(),
  waiting: () => new Waiting(),
  review: (id) => new Review(byId("review"), decodeURIComponent(id)),
};
let view = null;
let shown = null;

async function route() {
  if (location.hash === shown) return;
  if (view?.isDirty && !(await confirmThat("Leave without saving?", "What you changed here is lost.", "Leave"))) {
    history.replaceState(null, "", shown || "#/");
    return;
  }
  shown = location.hash;
  view?.close();
  showError(null);
  const id = shown.match(/^#\/extractions\/(.+)$/)?.[1];
  const name = id ? "review" : shown === "#/reviews" ? "waiting" : "home";
  view = makeView[name](id);
  for (const other of Object.keys(makeView)) byId(other).hidden = other !== name;
  byId("review").replaceChildren();
  document.title = "Optophone";
  await attempt(() => view.open());
  showCount();
}

async function attempt(action) {
  try {
    return await action();
  } catch (error) {
    if (error.name !== "AbortError") showError(error.message);
    return null;
  }
}

function onStarted(extractions) {
  if (extractions.length === 1) location.hash = `#/extractions/${encodeURIComponent(extractions[0].id)}`;
  else view.refresh?.();
  showCount();
}

const KEYS = {
  "?": showHelp,
  "/": () => byId("home").hidden || byId("query").focus(),
};

byId("help").addEventListener("click", showHelp);
byId("error-close").addEventListener("click", () => showError(null));
listen((key) => KEYS[key] ?? view?.key?.(key));
const [takeFiles, choices] = makeUpload(onStarted);
listenForFiles((files) => byId("home").hidden || takeFiles(files));
addEventListener("hashchange", route);
addEventListener("beforeunload", (event) => view?.isDirty && event.preventDefault());
await Promise.all([route(), attempt(() => choices)]);
