// The table of values: the doubtful ones first, each with what speaks against it.

import { button, h, icon } from "./dom.js";
import { makeEditor } from "./editor.js";
import { commonReason, doubtsOf, splitRows } from "./rows.js";
import { parseValue } from "./values.js";
import { markOf, toPercent } from "./words.js";

// Only the doubtful rows can have a reason in common.
const COMMON_ID = "common-reason";

/** Make the table's element. `state` is {selected, editing} (rows), `actions` what can be done with a row. */
export function makeTable(rows, state, actions) {
  const [doubtful, rest] = splitRows(rows);
  const sections = [
    doubtful.length ? section(`To check (${doubtful.length})`, doubtful, state, actions) : null,
    rest.length ? section(`${doubtful.length ? "As read" : "Values"} (${rest.length})`, rest, state, actions) : null,
  ];
  const head = h("tr", {}, ["Field", "Value", "On the page"].map((name) => h("th", { scope: "col" }, name)));
  return h("table", { class: "fields" }, h("caption", { class: "unseen" }, "Values of the document"), h("thead", {}, head), sections);
}

function section(title, rows, state, actions) {
  const heading = h("tr", { class: "section" }, h("th", { colspan: "3", scope: "rowgroup" }, title));
  const common = commonReason(rows);
  const hint = common ? commonLine(common) : null;
  return h("tbody", {}, heading, hint, rows.flatMap((row) => lines(row, common, state, actions)));
}

function commonLine(common) {
  const said = reason(["value", `Unless said otherwise: ${common}`]);
  said.id = COMMON_ID;
  return h("tr", { class: "common" }, h("td", { colspan: "3" }, said));
}

function lines(row, common, state, actions) {
  const isSelected = row.leaf === state.selected?.leaf;
  const line = summary(row, common, isSelected, actions);
  if (!isSelected) return [line];
  const body = state.editing ? makeEditor(row, actions) : makeActions(row, actions);
  return [line, h("tr", { class: "details" }, h("td", { colspan: "3" }, body))];
}

function summary(row, common, isSelected, { select, point }) {
  const doubts = doubtsOf(row);
  const isCommon = doubts.length > 0 && doubts.every(([about, text]) => about === "value" && text === common);
  const props = {
    class: ["row", isSelected && "selected", doubts.length && "doubtful"].filter(Boolean).join(" "),
    onclick: () => select(row),
    onpointerenter: () => point(row),
    onpointerleave: () => point(null),
  };
  const name = h(
    "button",
    {
      ...{ type: "button", class: "name", "aria-expanded": String(isSelected), onfocus: () => point(row) },
      "aria-describedby": isCommon ? COMMON_ID : null,
    },
    row.label || "(no question)",
  );
  const value = h("td", { class: "value" }, valueOf(row), isCommon ? null : doubts.map(reason));
  const line = h("tr", props, h("th", { scope: "row" }, name), value, mark(row.leaf));
  line.leaf = row.leaf;
  return line;
}

function valueOf({ leaf }) {
  if (leaf.value === null) return h("span", { class: "none" }, leaf.state === "unreadable" ? "unreadable" : "–");
  return h("span", { class: "text" }, String(leaf.value));
}

function reason([about, text]) {
  return h("p", { class: "reason" }, icon("warn"), h("span", {}, about === "question" ? `Question: ${text}` : text));
}

function mark(leaf) {
  const [name, text] = markOf(leaf);
  const hasConfidence = !leaf.state && leaf.record?.grounding;
  return h(
    "td",
    {},
    h(
      "div",
      { class: "mark" },
      h("span", { class: `tone ${name}` }, icon(name), text),
      hasConfidence ? h("span", { class: "confidence" }, toPercent(leaf.record.confidence)) : null,
    ),
  );
}

function makeActions(row, actions) {
  const has = row.leaf.value !== null;
  const group = h(
    "div",
    { class: "actions", role: "group", "aria-label": `What to do with ${row.label}` },
    has ? button("Right", { name: "correct", key: "c" }, () => actions.judge(row, "correct")) : null,
    button(has ? "Edit" : "Fill in", { name: "edit", key: "e" }, () => actions.edit(row)),
    button("Place", { name: "place", key: "b" }, () => actions.place(row)),
    button("Absent", { name: "absent", key: "a" }, () => actions.judge(row, "absent")),
    button("Unreadable", { name: "unreadable", key: "u" }, () => actions.judge(row, "unreadable")),
    row.list ? button(row.item.kind === "object" && !row.question ? "Remove entry" : "Remove", { name: "remove" }, () => actions.remove(row)) : null,
    actions.canUndo(row) ? button("Undo", { name: "undo", key: "z" }, () => actions.undo(row)) : null,
  );
  if (doubtsOf(row).length) offerText(row, group, actions);
  return group;
}

/** Offer what the page reads at a doubtful value's place. */
async function offerText(row, group, actions) {
  const text = await actions.textAt(row).catch(() => ""); // no offer is better than an error that nobody asked for
  if (!text || text === String(row.leaf.value)) return;
  const take = () => actions.change(row, parseValue(text, row.leaf.shape), row.question?.value ?? null);
  group.prepend(button(`Take “${text}”`, { name: "correct", class: "take" }, take));
}
