// Zoom and pan of a scrolling viewport. One finger and the wheel scroll by themselves; this adds the wheel with Ctrl,
// two fingers, and the mouse that drags.

const LARGEST = 8; // times the viewport's width: a 100 dpi scan shows single pixels there
const DRAG_PX = 4; // a hand shakes that far on a click

/** Let `stage` grow inside `viewport`; returns {zoomBy, fit, reveal}. `canPan` says whether the mouse drags just now. */
export function makeZoom(viewport, stage, canPan) {
  let scale = 1;

  function zoomTo(wanted, clientX, clientY) {
    const before = stage.getBoundingClientRect();
    scale = Math.min(Math.max(wanted, smallest()), LARGEST);
    stage.style.width = `${scale * 100}%`;
    const after = stage.getBoundingClientRect();
    viewport.scrollLeft += after.left + ((clientX - before.left) / before.width) * after.width - clientX;
    viewport.scrollTop += after.top + ((clientY - before.top) / before.height) * after.height - clientY;
  }

  /** The scale at which the whole page is in sight, or the width of the viewport where that is smaller. */
  function smallest() {
    const { width, height } = stage.getBoundingClientRect();
    return height ? Math.min(1, (viewport.clientHeight / height) * (width / viewport.clientWidth)) : 1;
  }

  function zoomBy(factor, clientX, clientY) {
    const { left, top, width, height } = viewport.getBoundingClientRect();
    zoomTo(scale * factor, clientX ?? left + width / 2, clientY ?? top + height / 2);
  }

  const fit = (isWhole) => zoomTo(isWhole ? smallest() : 1, 0, 0);

  /** Bring a bbox into sight, large enough to read, and no nearer than it has to be. */
  function reveal([x0, y0, x1, y1]) {
    const legible = 15; // CSS pixels of a line's height
    const height = (y1 - y0) * stage.getBoundingClientRect().height;
    if (height > 0 && height < legible) zoomBy(Math.min(legible / height, 4));
    const page = stage.getBoundingClientRect();
    const view = viewport.getBoundingClientRect();
    const box = {
      left: page.left + x0 * page.width,
      right: page.left + x1 * page.width,
      top: page.top + y0 * page.height,
      bottom: page.top + y1 * page.height,
    };
    if (box.left >= view.left && box.right <= view.right && box.top >= view.top && box.bottom <= view.bottom) return;
    viewport.scrollBy({
      left: (box.left + box.right - view.left - view.right) / 2,
      top: (box.top + box.bottom - view.top - view.bottom) / 2,
      behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "instant" : "smooth",
    });
  }

  viewport.addEventListener("wheel", (event) => onWheel(event, zoomBy), { passive: false });
  onPinch(viewport, zoomBy);
  onDrag(viewport, canPan);
  return { zoomBy, fit, reveal };
}

function onWheel(event, zoomBy) {
  if (!event.ctrlKey && !event.metaKey) return;
  event.preventDefault();
  zoomBy(Math.exp(-event.deltaY / 300), event.clientX, event.clientY);
}

function onPinch(viewport, zoomBy) {
  let distance = 0;
  viewport.addEventListener("touchmove", (event) => {
    if (event.touches.length !== 2) return;
    event.preventDefault();
    const [one, other] = event.touches;
    const now = Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
    if (distance) zoomBy(now / distance, (one.clientX + other.clientX) / 2, (one.clientY + other.clientY) / 2);
    distance = now;
  }, { passive: false });
  viewport.addEventListener("touchend", () => (distance = 0));
}

function onDrag(viewport, canPan) {
  let from = null;
  viewport.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "mouse" || event.button !== 0 || !canPan()) return;
    from = { x: event.clientX, y: event.clientY, left: viewport.scrollLeft, top: viewport.scrollTop, isDrag: false };
  });
  addEventListener("pointermove", (event) => {
    if (!from) return;
    from.isDrag ||= Math.hypot(event.clientX - from.x, event.clientY - from.y) > DRAG_PX;
    if (from.isDrag) viewport.scrollTo(from.left + from.x - event.clientX, from.top + from.y - event.clientY);
  });
  addEventListener("pointerup", () => (from = null));
}
