// Photos and other pictures: dropped, pasted, chosen or taken, and read one after the other.
import { add, addButton, addStatus, createAnswer, percent } from "./answer.js";
import { addPicture, fromPython, whoAnswers } from "./drawn.js";
import { createKeep, createKept } from "./keep.js";
import { keepShortcutsOut } from "./pad.js";
import { shrunk } from "./shrink.js";

const LARGEST = 50 * 2 ** 20; // bytes of a file
const SLOW = 10_000; // milliseconds without an answer until the page says so
const TAKEN = ["The ink that was found", "The ink that was found; in orange, what is no writing"];

/** Fill an element with an uploader; ask is as for createDrawing. */
export function createUploader(place, ask, { isPage = false } = {}) {
  place.classList.add("digitlib-reader");
  const element = add(place, "div", "uploader");
  const target = add(element, "div", "drop");
  add(target, "p", "", "Drop pictures here, or paste one");
  const buttons = add(target, "div", "buttons");
  addChooser(buttons, "upload", "Choose pictures", { multiple: true }, take);
  addChooser(buttons, "camera", "Take a photo", { capture: "environment" }, take);
  add(target, "p", "hint", "A dark pen, and digits that touch neither each other nor the edge, work best. Up to 50 MB a file.");
  const summary = createSummary(element);
  const list = add(element, "ol", "results");
  const kept = createKept(element, ask);
  const status = addStatus(element);
  const waiting = []; // results whose file is still to be read
  let isReading = false;

  for (const name of ["dragenter", "dragover"]) {
    element.addEventListener(name, (event) => {
      event.preventDefault();
      element.classList.add("over");
    });
  }
  for (const name of ["dragleave", "drop"]) {
    element.addEventListener(name, () => element.classList.remove("over"));
  }
  element.addEventListener("drop", (event) => {
    event.preventDefault();
    take(event.dataTransfer.files);
  });
  // A page of our own takes what is pasted or dropped anywhere; in a notebook, what comes here.
  const around = isPage ? document : element;
  target.tabIndex = 0;
  target.setAttribute("role", "group");
  target.setAttribute("aria-label", "Pictures to read: drop or paste them here, or choose some");
  keepShortcutsOut(target);
  around.addEventListener("paste", (event) => take(event.clipboardData?.files ?? []));
  if (isPage) {
    document.addEventListener("dragover", (event) => event.preventDefault());
    document.addEventListener("drop", (event) => {
      if (element.contains(event.target)) return;
      event.preventDefault();
      take(event.dataTransfer.files);
    });
  }

  function take(files) {
    for (const file of files) {
      const result = createResult(list, file, ask, kept);
      if (file === files[0] && isPage) result.item.scrollIntoView({ block: "nearest" });
      summary.add(result);
      if (file.size > LARGEST) {
        const megabytes = Math.round(file.size / 2 ** 20);
        result.fail(`This file has ${megabytes} MB, and 50 MB is the limit; make it smaller.`);
      } else waiting.push(result);
    }
    summary.show();
    readAll();
  }

  async function readAll() {
    if (isReading) return;
    isReading = true;
    while (waiting.length) {
      const result = waiting.shift();
      await result.read(isPage);
      summary.show();
      status.textContent = `${result.name}: ${result.said()}`;
    }
    isReading = false;
  }
}

/** Add a button that opens the browser's dialogue for files, or a phone's camera. */
function addChooser(parent, name, text, settings, take) {
  const input = document.createElement("input");
  Object.assign(input, { type: "file", accept: "image/*,.heic,.heif", ...settings });
  if (settings.capture) input.setAttribute("capture", settings.capture);
  input.addEventListener("change", () => {
    take([...input.files]);
    input.value = ""; // so that the same file can be chosen again
  });
  addButton(parent, name, text, () => input.click());
}

/** Add what became of one file: a line with its state, and then its reading. */
function createResult(list, file, ask, kept) {
  const item = add(list, "li", "result");
  const name = file.name || "pasted picture";
  add(item, "h3", "", name);
  const state = add(item, "p", "state", "waiting");
  let content = null;
  let reading = null;

  function fail(sentence) {
    item.classList.add("failed");
    state.textContent = sentence;
  }

  async function read(isPage) {
    const [who, again] = whoAnswers(isPage);
    const slow = setTimeout(() => {
      state.textContent += ask.isClosed()
        ? ` – the ${who} has stopped; ${again}`
        : ` – no answer yet: the ${who} is busy or has stopped`;
    }, SLOW);
    try {
      state.textContent = "making it ready";
      content = await shrunk(file);
      state.textContent = "sending";
      const reply = await ask({ kind: "read", picture: true }, content, (share) => {
        state.textContent = share < 1 ? `sending, ${Math.round(100 * share)} %` : "reading";
      });
      if (reply.error) fail(reply.error);
      else show(fromPython(reply));
    } catch {
      fail(`Not read: the connection is closed; ${again}.`);
    }
    clearTimeout(slow);
  }

  function show(read) {
    reading = read;
    state.textContent = "";
    const body = add(item, "div", "body");
    addPicture(body, "photo", "The picture").show(read.picture, name);
    addPicture(body, "taken", TAKEN[Number(read.rest)]).show(read.ink);
    const details = document.createElement("details");
    const said = add(body, "div", "answer");
    const answer = createAnswer(said, details);
    answer.show(read);
    if (!read.text) add(said, "p", "hint", read.advice);
    keepShortcutsOut(add(details, "summary", "", "All probabilities"));
    details.prepend(details.lastChild);
    said.append(details);
    const note = "A photo is kept without the place and the camera that its file may name; only which way up it is stays.";
    createKeep(body, ask, kept, { picture: () => content, drawn: false, name, note });
  }

  const said = () => {
    if (!reading) return state.textContent;
    return reading.text ? `${reading.text.replaceAll("\n", ", ")}, ${percent(reading.confidence)} sure` : "no digit";
  };
  return { item, name, fail, read, said, row: () => [name, reading?.text ?? "", reading ? reading.confidence.toFixed(4) : "", reading ? "" : state.textContent], isRead: () => reading !== null };
}

/** Add a summary over all files, to be copied or saved as CSV. */
function createSummary(parent) {
  const box = add(parent, "div", "summary");
  box.hidden = true;
  const line = add(box, "p");
  line.setAttribute("role", "status");
  const buttons = add(box, "div", "buttons");
  const results = [];
  const csv = () =>
    [["file", "text", "confidence", "why not"], ...results.map((result) => result.row())]
      .map((row) => row.map(quoted).join(","))
      .join("\r\n") + "\r\n";
  const copy = addButton(buttons, "copy", "Copy as CSV", async () => {
    try {
      await navigator.clipboard.writeText(csv());
      copy.textContent = "Copied";
    } catch {
      copy.textContent = "The browser does not let this page copy";
    }
    setTimeout(() => (copy.textContent = "Copy as CSV"), 2000);
  });
  addButton(buttons, "save", "Save as CSV", () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(["\ufeff", csv()], { type: "text/csv" }));
    link.download = "digits.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });

  return {
    add: (result) => results.push(result),
    show() {
      box.hidden = results.length < 2;
      const read = results.filter((result) => result.isRead()).length;
      line.textContent = `${read} of ${results.length} read`;
    },
  };
}

/** Return a cell of a CSV file; one that a spreadsheet would compute becomes text. */
function quoted(cell) {
  const text = /^[=+@-]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
