// What the page says of a state, and how figures are written.

import { isDoubtful } from "./rows.js";

/** [icon, text] of a value: its state once somebody judged it, else how it stands on the page. */
export function markOf(leaf) {
  if (leaf.state) return [leaf.state, leaf.state];
  if (leaf.record?.grounding) return [leaf.record.grounding, leaf.record.grounding];
  return leaf.value === null ? ["absent", "not given"] : ["unchecked", "not checked"];
}

const GROUNDINGS = ["found", "close", "ambiguous", "missing"];

const STATUS_ICONS = {
  queued: "wait",
  running: "wait",
  waiting: "ask",
  valid: "found",
  exhausted: "close",
  unreadable: "missing",
  failed: "missing",
};

/** [icon, text, tone] of an extraction. */
export function statusOf({ status, is_reviewed }) {
  return is_reviewed ? ["correct", "reviewed", "reviewed"] : [STATUS_ICONS[status] ?? "unchecked", status, status];
}

export const isRunning = ({ status }) => status === "queued" || status === "running";

export const toPercent = (share) => `${Math.round(share * 100)} %`;

export function toDollars(cost) {
  if (cost === null || cost === undefined) return "–";
  return cost === 0 ? "$0" : `$${cost.toFixed(4)}`;
}

export const toTime = (iso) =>
  iso ? new Date(iso).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" }) : "";

export const count = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;

/** The boxes of a row for the viewer: [{leaf, kind, label}]. */
export function boxesOf(row) {
  return (row.question ? [row.question, row.leaf] : [row.leaf]).map((leaf) => {
    const [, text] = markOf(leaf);
    const kind = kindOf(leaf, text);
    const isQuestion = leaf === row.question;
    const what = isQuestion ? `Question ${leaf.value}` : `${row.label}: ${leaf.value ?? text}`;
    const label = `${what} (${kind === "doubtful" ? "found, in doubt" : text})`;
    return { leaf, kind: isQuestion ? `${kind} question` : kind, label };
  });
}

function kindOf(leaf, text) {
  if (leaf.state || !GROUNDINGS.includes(text)) return "reviewed";
  return text === "found" && isDoubtful(leaf) ? "doubtful" : text;
}
