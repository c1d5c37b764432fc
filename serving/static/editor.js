// The form that changes one value, and its question where it is of a pair.

import { button, h } from "./dom.js";
import { parseValue } from "./values.js";

/** Make the form of a row; `actions.change(row, value, question)` takes what was typed, `actions.cancel` leaves it. */
export function makeEditor(row, actions) {
  const question = row.question ? textArea("question", row.question.value ?? "") : null;
  const value = inputOf(row.leaf);
  const typed = () => [parseValue(value.value, row.leaf.shape), question && (question.value.trim() || null)];
  const submit = (event) => {
    event.preventDefault();
    actions.change(row, ...typed());
  };
  /** Go on to something else without losing what was typed. */
  const then = (action) => () => {
    const [newValue, newQuestion] = typed();
    const isChanged = newValue !== row.leaf.value || (question && newQuestion !== row.question.value);
    if (isChanged) actions.change(row, newValue, newQuestion);
    action();
  };
  const form = h(
    "form",
    { class: "editor", onsubmit: submit },
    question ? h("label", {}, "Question", question) : null,
    h("label", {}, row.question ? "Answer" : row.label, value),
    h(
      "div",
      { class: "actions" },
      h("button", { type: "submit", class: "primary" }, "Keep"),
      button("Place", { name: "place" }, then(() => actions.place(row))),
      question ? button("Place the question", { name: "place" }, then(() => actions.place(row, row.question))) : null,
      row.values ? button("One more answer", { name: "plus" }, then(() => actions.addAnswer(row))) : null,
      button("Cancel", {}, actions.cancel),
    ),
  );
  form.addEventListener("keydown", (event) => onKey(event, form, actions));
  return form;
}

function onKey(event, form, actions) {
  if (event.key === "Escape") actions.cancel();
  else if (event.key === "Enter" && !event.shiftKey && event.target.tagName === "TEXTAREA") form.requestSubmit();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function inputOf({ shape, value }) {
  const options = shape.type === "boolean" ? [true, false] : shape.enum?.filter((option) => option !== null);
  if (!options) return textArea("value", value ?? "");
  const blank = h("option", { value: "" }, "–");
  const choice = (option) => h("option", { value: String(option), selected: option === value }, String(option));
  return h("select", { name: "value" }, blank, options.map(choice));
}

function textArea(name, value) {
  const area = h("textarea", { name, rows: "1", spellcheck: "false" });
  area.value = String(value);
  return area;
}
