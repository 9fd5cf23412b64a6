// A picture, kept with what it shows; nothing is kept without a label.
import { add, addButton } from "./answer.js";
import { keepShortcutsOut } from "./pad.js";

const NONE = "no digit";

/** Add a list of what is kept, and where; return { show }, which takes what Python replies. */
export function createKept(place, ask) {
  const details = add(place, "details", "kept");
  details.hidden = true;
  const summary = add(details, "summary");
  keepShortcutsOut(summary);
  const where = add(details, "p");
  const list = add(details, "ol");

  function show({ kept, folder }) {
    details.hidden = !kept.length;
    summary.textContent = `${kept.length} ${kept.length === 1 ? "picture" : "pictures"} kept`;
    where.textContent = `In ${folder}. To score them: digitlib evaluate --data "${folder}"`;
    list.replaceChildren();
    for (const { path, text } of kept) {
      const item = add(list, "li", "", `${path}: ${text || NONE} `);
      const remove = addButton(item, "remove", "Remove", async () => {
        const reply = await ask({ kind: "forget", path, before: null }).catch(() => ({ error: LOST }));
        if (reply.error) where.textContent = `Not removed: ${reply.error}`;
        else showAll(reply);
        summary.focus();
      });
      remove.setAttribute("aria-label", `Remove ${path}`);
    }
  }
  // A page has two lists, beside the pad and below the photos: both show the same.
  const lists = (ask.lists ??= []);
  lists.push(show);
  const showAll = (reply) => lists.forEach((each) => each(reply));

  async function refresh() {
    const reply = await ask({ kind: "kept" }).catch(() => ({ error: LOST }));
    if (!reply.error) show(reply);
  }

  details.addEventListener("toggle", () => details.open && refresh());
  refresh();
  return { show: showAll };
}

/**
 * Add a row in which one says what a picture shows, and keeps it.
 *
 * picture() gives the picture's bytes, or null if there is none to keep; name says which it is, and
 * note what becomes of it.
 * Returned are reset(), for another picture, and show(), for when there is one to keep.
 */
export function createKeep(place, ask, kept, { picture, drawn, name, note }) {
  const details = add(place, "details", "keep");
  const summary = add(details, "summary", "", "Read wrong? Keep it, with what it shows");
  summary.setAttribute("aria-label", `Read wrong? Keep ${name}, with what it shows`);
  keepShortcutsOut(summary);
  const row = add(details, "div", "choices");
  row.setAttribute("role", "group");
  row.setAttribute("aria-label", `What ${name} shows`);
  const label = add(details, "p", "label-chosen");
  const actions = add(details, "div", "actions");
  if (note) add(details, "p", "hint", note);
  const said = add(details, "p", "said");
  said.setAttribute("role", "status");
  let text = null; // what it shows; null: nothing was said yet
  let done = null; // what to undo

  for (let digit = 0; digit < 10; digit++) {
    addButton(row, "choice", String(digit), () => choose((text ?? "") + digit));
  }
  addButton(row, "choice", NONE, () => choose(""));
  const back = addButton(row, "back", "⌫", () => choose(text.slice(0, -1) || null));
  back.setAttribute("aria-label", "Take the last digit back");
  const keep = addButton(actions, "keep-it", "Keep it", send);
  const undo = addButton(actions, "unkeep", "Undo", takeBack);
  undo.setAttribute("aria-label", `Undo keeping ${name}`);
  keep.setAttribute("aria-label", `Keep it: ${name}`);

  function choose(next) {
    text = next;
    said.textContent = "";
    show();
  }

  function show() {
    keep.disabled = text === null || !picture();
    back.disabled = !text;
    undo.hidden = done === null;
    label.textContent = text === null ? "Press the digits it shows, in order." : `It shows: ${text || NONE}`;
  }

  function reset() {
    text = done = null;
    said.textContent = "";
    show();
  }

  async function send() {
    const content = await picture();
    if (!content || text === null) return;
    const reply = await ask({ kind: "keep", text, drawn }, content).catch(() => ({ error: LOST }));
    if (reply.error) {
      said.textContent = `Not kept: ${reply.error}`;
      return;
    }
    kept.show(reply);
    said.textContent = `Kept as ${text || NONE}.`;
    done = { path: reply.path, before: reply.before };
    text = null;
    show();
    undo.focus();
  }

  async function takeBack() {
    const reply = await ask({ kind: "forget", ...done }).catch(() => ({ error: LOST }));
    if (!reply.error) {
      kept.show(reply);
      done = null;
    }
    said.textContent = reply.error ?? "No longer kept.";
    show();
    summary.focus();
  }

  show();
  return { reset, show };
}

const LOST = "the connection is gone.";
