// What is said above and below the table of values.

import { button, h, icon } from "./dom.js";
import { errorsOfNoRow, listsOf } from "./rows.js";

/** Who reviewed the document, or what speaks against the answer as a whole. */
export function makeNotices({ review, result }, tree) {
  if (review) {
    const when = review.reviewed_at ? ` on ${new Date(review.reviewed_at).toLocaleDateString()}` : "";
    const text = `Reviewed by ${review.reviewer}${when}. Change it and save again to replace the review.`;
    return [h("p", { class: "notice good" }, icon("correct"), h("span", {}, text))];
  }
  const errors = errorsOfNoRow(tree, result.validation_errors ?? []);
  return errors.map(({ path, message }) =>
    h("p", { class: "notice warn" }, icon("warn"), h("span", {}, path ? `${path}: ${message}` : message)),
  );
}

/** Why a document has no values. */
export function makeFailure({ error, result, status }) {
  const found = error ? [error.message] : (result?.validation_errors ?? []).map(({ message }) => message);
  const messages = found.length ? found : [`It ended ${status}.`];
  const text = h("div", {}, h("h2", {}, "This document has no values"), messages.map((message) => h("p", {}, message)));
  return h("div", { class: "notice bad", role: "alert" }, icon("missing"), text);
}

/** Buttons that add to the lists of the extraction, and the comment. */
export function makeAdditions(tree, comment, add) {
  const label = (name) => (name === "Pairs" ? "Add a missing pair" : `Add to ${name.toLowerCase()}`);
  const buttons = listsOf(tree).map(([name, list]) => button(label(name), { name: "plus" }, () => add(list)));
  return h("div", { class: "additions" }, h("div", { class: "actions" }, buttons), comment);
}

export function makeComment() {
  return h("input", { type: "text", placeholder: "Comment (optional)", "aria-label": "Comment", maxlength: "1000" });
}

/** The line that saves, and says what is left. */
export function makeSaveBar({ doubtful, isDirty }, isReviewed, save) {
  const note = doubtful.length ? `${doubtful.length} still to check` : isDirty ? "Nothing left to check" : "";
  const label = isReviewed ? "Save again" : "Save review";
  const keep = button(label, { name: "save", key: "s", class: "primary" }, save);
  return h("div", { class: "save-bar" }, h("span", { class: "note" }, note), keep);
}
