// Give a value its place: drag over its words, click one word, or move a box with the arrow keys.

import { h } from "./dom.js";
import { around, contains, placeBox, wordsIn } from "./geometry.js";

const CLICK_PX = 4;
const STEP = 0.005; // of the page for an arrow key: about half a line of print

/**
 * Let somebody mark a place on the stage. Resolves to {bbox, text}, text being the words there, or null when dismissed.
 * @param {{text: string, bbox: number[]}[]} words of the page; a drag takes the words it covers, a click the word under it
 * @param {number[] | null} start where the box of the arrow keys begins
 * @param {AbortSignal} signal dismisses it
 */
export function drawBox(stage, words, start, signal) {
  const layer = h("div", { class: "draw-layer" }, words.map((word) => placeBox(h("span", { class: "word" }), word.bbox)));
  const draft = h("div", { class: "draft", tabindex: "0", role: "application", "aria-label": HELP });
  layer.append(draft);
  stage.append(layer);
  return new Promise((resolve) => {
    const finish = (bbox) => {
      layer.remove();
      resolve(bbox && snap(bbox, words));
    };
    signal.addEventListener("abort", () => finish(null));
    byKeyboard(draft, start ?? [0.4, 0.48, 0.6, 0.51], finish);
    byPointer(layer, draft, words, finish);
    draft.focus({ preventScroll: !start });
  });
}

const HELP = "Box of the value. Arrow keys move it, Shift and arrow keys resize it, Enter keeps it, Escape leaves it as it was.";

function byKeyboard(draft, start, finish) {
  let bbox = start;
  placeBox(draft, bbox);
  draft.addEventListener("keydown", (event) => {
    const [dx, dy] = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key] ?? [];
    if (event.key === "Enter") finish(bbox);
    else if (event.key === "Escape") finish(null);
    else if (dx === undefined) return;
    else {
      bbox = moved(bbox, dx, dy, event.shiftKey);
      placeBox(draft, bbox);
    }
    event.preventDefault();
    event.stopPropagation();
  });
}

function moved([x0, y0, x1, y1], dx, dy, isResize) {
  const clamp = (value, low) => Math.min(Math.max(value, low), 1);
  if (isResize) return [x0, y0, clamp(x1 + dx, x0 + STEP), clamp(y1 + dy, y0 + STEP)];
  const x = clamp(x0 + dx, 0) + Math.min(0, 1 - clamp(x0 + dx, 0) - (x1 - x0));
  const y = clamp(y0 + dy, 0) + Math.min(0, 1 - clamp(y0 + dy, 0) - (y1 - y0));
  return [x, y, x + x1 - x0, y + y1 - y0];
}

function byPointer(layer, draft, words, finish) {
  let from = null;
  const at = (event) => {
    const { left, top, width, height } = layer.getBoundingClientRect();
    const inside = (value) => Math.min(Math.max(value, 0), 1);
    return [inside((event.clientX - left) / width), inside((event.clientY - top) / height)];
  };
  layer.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    layer.setPointerCapture(event.pointerId);
    from = { point: at(event), x: event.clientX, y: event.clientY };
  });
  layer.addEventListener("pointermove", (event) => from && placeBox(draft, around([from.point, at(event)])));
  layer.addEventListener("pointerup", (event) => {
    if (!from) return;
    const isClick = Math.hypot(event.clientX - from.x, event.clientY - from.y) < CLICK_PX;
    const word = words.find(({ bbox }) => contains(bbox, from.point));
    if (!isClick) finish(around([from.point, at(event)]));
    else if (word) finish(word.bbox);
    from = null;
  });
}

/** A hand draws roughly: take the box of the words it covers, or what was drawn where there is none. */
function snap(bbox, words) {
  const covered = wordsIn(bbox, words);
  if (!covered.length) return { bbox, text: "" };
  const corners = covered.flatMap(({ bbox: [x0, y0, x1, y1] }) => [[x0, y0], [x1, y1]]);
  return { bbox: around(corners), text: covered.map((word) => word.text).join(" ") };
}
