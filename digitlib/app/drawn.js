// The pad with its answer, which Python gives; it comes while one draws.
import { add, addButton, addStatus, createAnswer } from "./answer.js";
import { createKeep, createKept } from "./keep.js";
import { createLayers } from "./layers.js";
import { darkness, forward, loadNetwork } from "./network.js";
import { createPad, keepShortcutsOut } from "./pad.js";

const PATIENCE = 3000; // milliseconds from pen-up until the page says that no answer has come
const EMPTY = { text: "", confidence: 0, digits: [], looked: [], ink: "" };

/**
 * Fill an element with a pad and its answer.
 *
 * ask(question, content) gives a promise of Python's answer, and is rejected where the connection
 * is known to be closed; ask.isClosed() says whether it is. With isPage, one reloads the page to
 * have it opened again, and else runs a cell. Returns a promise that is kept when all that Python
 * is asked for at first has come, or has not.
 */
export function createDrawing(place, ask, { isPage = false } = {}) {
  place.classList.add("digitlib-reader");
  const element = add(place, "div", "live digitlib-app");
  const drawn = add(element, "div", "drawn");
  const said = add(element, "div", "answer");
  const table = add(element, "div", "table");
  const examples = add(element, "div", "examples");
  const below = add(element, "div", "below");
  const status = addStatus(element);
  const layers = createInside(element, ask, isPage);
  const answer = createAnswer(said, table, {
    hint: "Draw a digit, or several in a row.",
    tip: "Draw large, and leave gaps.",
    onLook: layers.look,
  });
  const taken = addPicture(table, "taken", "The ink that was found");
  const note = add(said, "p", "note");
  const message = add(said, "p", "message");
  message.setAttribute("role", "alert");
  const kept = createKept(below, ask);
  const keep = createKeep(below, ask, kept, {
    picture: () => shown,
    drawn: true,
    name: "your drawing",
  });

  let version = 0; // of the drawing
  let begun = 0; // the version with which the last stroke began
  let answered = 0; // the version whose answer is shown
  let underWay = null; // the version that is being read: one at a time
  let isDone = true; // no stroke is under way
  let isLate = false;
  let waiting = null;
  let shown = null; // the drawing whose answer is shown, as PNG bytes: what can be kept

  const pad = createPad(drawn, { onStroke, onChange });

  function onStroke() {
    begun = version + 1;
    element.classList.add("stale");
    note.textContent = "";
  }

  function onChange({ done, isEmpty }) {
    version += 1;
    isDone = done;
    shown = null;
    keep.reset();
    clearTimeout(waiting);
    if (isEmpty) {
      answered = version;
      message.textContent = status.textContent = note.textContent = "";
      show(EMPTY);
      return;
    }
    if (done) {
      waiting = setTimeout(complain, PATIENCE);
      element.classList.add("stale");
    }
    if (underWay === null || (isLate && done)) read();
  }

  async function read() {
    const mine = (underWay = version);
    isLate = false;
    const question = pad.question(); // of a sample, to which one has come back
    const content = question ? undefined : bytesOf(pad.toDataURL());
    let reading;
    try {
      reading = await ask(question ?? { kind: "read" }, content);
    } catch {
      if (underWay === mine) underWay = null;
      complain();
      return;
    }
    if (underWay === mine) underWay = null;
    if (mine > answered && mine >= begun) {
      answered = mine;
      message.textContent = "";
      if (reading.error) message.textContent = reading.error;
      else show(fromPython(reading), mine === version && isDone);
      if (content && !reading.error && mine === version && isDone) {
        shown = content;
        keep.show();
      }
    }
    if (answered === version) clearTimeout(waiting);
    else if (underWay === null && version > mine && !pad.isEmpty()) read();
  }

  /** Show a reading; of one that was overtaken, the pen being up, the better one is on its way. */
  function show(reading, isNew = true) {
    element.classList.toggle("stale", isDone && !isNew);
    const sentence = answer.show(reading, { isNew });
    taken.show(reading.ink);
    if (isNew) status.textContent = sentence;
  }

  /** Say that no answer has come, and what to do; that all is over only where that is known. */
  function complain() {
    clearTimeout(waiting);
    if (answered === version) return;
    isLate = true;
    element.classList.add("stale");
    message.textContent = silence(ask.isClosed(), isPage);
    waiting = setTimeout(again, PATIENCE);
  }

  /** Ask again where the connection may be there again; what is known of it may have changed. */
  function again() {
    complain();
    if (underWay === null && answered !== version && !ask.isClosed()) read();
  }

  async function example(question) {
    const mine = (answered = version += 1); // what is still read of a drawing comes too late
    clearTimeout(waiting);
    shown = null;
    keep.reset();
    element.classList.add("stale");
    const reply = await ask(question).catch(() => ({ error: silence(ask.isClosed(), isPage) }));
    if (version > mine) return; // something was drawn meanwhile
    if (reply.error) {
      message.textContent = reply.error;
      return;
    }
    pad.showPicture(await imageOf(reply.picture), question);
    message.textContent = "";
    show(fromPython(reply));
    if (reply.label) note.textContent = `One of ${reply.source}’s test images, labelled ${reply.label}.`;
    if (question.path) note.textContent = `${question.name}. The first stroke wipes it away.`;
  }

  answer.show(EMPTY);
  return Promise.all([createExamples(examples, ask, example), layers.filled]);
}

/** Return who gives the answers, and what to do once that has stopped. */
export function whoAnswers(isPage) {
  if (isPage) return ["server", "start “digitlib app” again, and use the page that it opens"];
  return ["kernel", "run this cell again"];
}

/** Return what is to be said when no answer comes. */
function silence(isClosed, isPage) {
  const [who, again] = whoAnswers(isPage);
  if (isClosed) return `The ${who} has stopped: ${again}.`;
  return (
    `No answer yet: the ${who} is busy or has stopped. If it is busy, the answer comes by itself ` +
    `as soon as the ${who} is free; if it has stopped or was restarted, ${again}.`
  );
}

/** Add what can be clicked at once: samples, and an image that the network was tested with. */
async function createExamples(place, ask, example) {
  let index = Math.floor(Math.random() * 100);
  const reply = await ask({ kind: "samples" }).catch(() => ({}));
  if (!reply.samples) return;
  add(place, "span", "label", "Or try one of these:");
  for (const { path, name, picture } of reply.samples) {
    const button = addButton(place, "sample", "", () => example({ kind: "sample", path, name }));
    const image = add(button, "img");
    image.src = picture;
    image.alt = "";
    add(button, "span", "", name);
  }
  addButton(place, "another", "A test image", () => example({ kind: "another", index: index++ }));
}

/** Add the layers, which need the network's weights: these come when one opens them. */
function createInside(element, ask, isOpen) {
  const details = add(element, "details", "inside");
  const summary = add(details, "summary", "", "Inside the network: what each layer sees");
  keepShortcutsOut(summary);
  const layers = createLayers(details);
  let network = null;
  let dark = null;
  let glyph;

  function look(next, isNew) {
    glyph = next;
    if (!network || !details.open) return;
    layers.show(glyph ? forward(network, glyph.image) : dark, { wave: isNew && Boolean(glyph) });
  }

  let filling = null;
  async function fill() {
    const reply = await ask({ kind: "network" }).catch(() => ({}));
    details.hidden = !reply.network;
    filling = null;
    if (!reply.network) return;
    network = loadNetwork(reply.network);
    dark = darkness(network);
    look(glyph, false);
  }

  details.addEventListener("toggle", () => {
    if (network) look(glyph, false);
    else if (details.open) filling ??= fill();
  });
  details.open = isOpen;
  if (isOpen) filling = fill();
  return { look, filled: filling };
}

/** Return a reading as createAnswer has it: images as bytes. */
export function fromPython(reading) {
  const glyph = ({ image, ...rest }) => ({ ...rest, image: bytesOf(image) });
  return { ...reading, isOfSomething: true, digits: reading.digits.map(glyph), looked: reading.looked.map(glyph) };
}

/** Add a picture with a caption, whose place is kept while there is none; return { show }. */
export function addPicture(parent, name, caption) {
  const figure = add(parent, "figure", name);
  const image = add(figure, "img");
  image.alt = "";
  add(figure, "figcaption", "", caption);
  return {
    show(address, alt = "") {
      image.alt = alt;
      if (address) image.src = address;
      else image.removeAttribute("src");
    },
  };
}

/** Return the bytes of base64, or of a data URL. */
function bytesOf(base64) {
  return Uint8Array.from(atob(base64.split(",").at(-1)), (letter) => letter.charCodeAt(0));
}

async function imageOf(address) {
  const image = new Image();
  image.src = address;
  await image.decode();
  return image;
}
