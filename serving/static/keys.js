// What each key does on the page of a document.

/** Keys of the scan. */
export const viewKeys = (viewer) => ({
  "+": () => viewer.zoom.zoomBy(1.25),
  "-": () => viewer.zoom.zoomBy(1 / 1.25),
  0: () => viewer.zoom.fit(false),
  9: () => viewer.zoom.fit(true),
  "[": () => viewer.turn(-1),
  "]": () => viewer.turn(1),
  Escape: () => viewer.stopPicking(),
});

/** Keys of the values; those of a single value do nothing while none is selected. */
export function valueKeys({ doubtful, ordered }, selected, actions) {
  const next = () => actions.step(doubtful, 1);
  const previous = () => actions.step(doubtful, -1);
  return {
    n: next,
    j: next,
    p: previous,
    k: previous,
    ArrowDown: () => actions.step(ordered, 1),
    ArrowUp: () => actions.step(ordered, -1),
    s: actions.save,
    ...(selected && rowKeys(selected, actions)),
  };
}

const rowKeys = (row, actions) => ({
  c: row.leaf.value === null ? null : () => actions.judge(row, "correct"),
  e: () => actions.edit(row),
  b: () => actions.place(row),
  a: () => actions.judge(row, "absent"),
  u: () => actions.judge(row, "unreadable"),
  z: actions.canUndo(row) ? () => actions.undo(row) : null,
});
