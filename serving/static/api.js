// The service under /api/v1. The token stays in this tab's session and travels in a header, never in a URL.

import { askForToken } from "./dialogs.js";

const BASE = "/api/v1";
const TOKEN = "optophone-token";

/** What the service, or the way to it, refused: a sentence, a code, and field errors where it gave some. */
export class ApiError extends Error {
  constructor(message, { status = 0, code = "", errors = [] } = {}) {
    super(message);
    Object.assign(this, { status, code, errors });
  }
}

/** Fetch with the token; asks for one and tries again as long as the service refuses it. */
async function request(path, options = {}) {
  for (;;) {
    const response = await send(path, options);
    if (response.ok) return response;
    const error = await toError(response);
    if (response.status !== 401) throw error;
    const token = await askForToken(error.message);
    if (!token) throw error;
    sessionStorage.setItem(TOKEN, token);
  }
}

async function send(path, options) {
  const token = sessionStorage.getItem(TOKEN);
  const headers = { ...options.headers, ...(token ? { Authorization: `Bearer ${token}` } : {}) };
  try {
    return await fetch(BASE + path, { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("The service does not answer. Check that it runs, then try again.");
  }
}

async function toError(response) {
  const body = await response.json().catch(() => ({}));
  const { message, code, errors } = body.error ?? {};
  const status = response.status;
  return new ApiError(message ?? `The service answered ${status}.`, { status, code, errors: errors ?? body.errors ?? [] });
}

const read = async (path, signal) => (await request(path, { signal })).json();

const write = async (path, body) =>
  (await request(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) })).json();

export const listSchemas = () => read("/schemas");
export const listChatModels = () => read("/chat-models");
export const listPrompts = () => read("/prompts");

export async function uploadDocument(file) {
  const body = new FormData();
  body.append("file", file, file.name || "pasted.png");
  return (await request("/documents", { method: "POST", body })).json();
}

export const startExtraction = (choice) => write("/extractions", choice);
export const getExtraction = (id, signal) => read(`/extractions/${encodeURIComponent(id)}`, signal);
export const listExtractions = (filters, signal) => read(`/extractions?${new URLSearchParams(filters)}`, signal);
export const listWaiting = (page, signal) => read(`/reviews?${new URLSearchParams(page)}`, signal);
export const answerReview = (id, answer) => write(`/extractions/${encodeURIComponent(id)}/review?wait=30`, answer);
export const saveCorrection = (id, correction) => write(`/extractions/${encodeURIComponent(id)}/corrections`, correction);

export const deleteDocument = (ref) => request(`/documents/${encodeURIComponent(ref)}`, { method: "DELETE" });

const pagePath = (ref, index) => `/documents/${encodeURIComponent(ref)}/pages/${index}`;

export async function loadPage(ref, index, signal) {
  return (await request(`${pagePath(ref, index)}.png`, { signal })).blob();
}

/** The words that were read on a page, in reading order: text and bbox as fractions of the page. */
export const loadWords = async (ref, index) => (await read(`${pagePath(ref, index)}/words`)).words;

export async function loadExport(id, format, page) {
  return (await request(`/extractions/${encodeURIComponent(id)}/export?format=${format}&page=${page}`)).blob();
}

/** Yield the server-sent events of an extraction as [event, data], the past ones first. */
export async function* events(id, signal) {
  const response = await request(`/extractions/${encodeURIComponent(id)}/events`, {
    headers: { Accept: "text/event-stream" },
    signal,
  });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    const blocks = (rest + chunk.value).replaceAll("\r\n", "\n").split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const found = parseEvent(block);
      if (found) yield found;
    }
  }
}

/** [event, data] of one block, or null for a comment that only keeps the line open. */
function parseEvent(block) {
  const values = { event: "message", data: [] };
  for (const line of block.split("\n")) {
    const [, name, value] = line.match(/^(\w+): ?(.*)$/) ?? [];
    if (name === "data") values.data.push(value);
    else if (name === "event") values.event = value;
  }
  return values.data.length ? [values.event, JSON.parse(values.data.join("\n"))] : null;
}
