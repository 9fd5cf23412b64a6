// The reader in a page, without a server: a pad, the answer beside it, and the layers below.
import { readDrawing } from "./drawing.js";
import { createLayers } from "./layers.js";
import { forward, loadNetwork } from "./network.js";
import { createPad } from "./pad.js";

const REST = 2; // times what a reading takes, until the next of a stroke: the pen comes first
const HAND = 900; // milliseconds in which an example is drawn

/**
 * Fill an element with the reader.
 *
 * `exported` is what digitlib.models.weights gives; `examples` are [name, strokes] to have drawn,
 * a stroke being a list of [x, y] in a square of side 1.
 */
export function createReader(place, exported, examples = []) {
  const network = loadNetwork(exported);
  place.classList.add("digitlib-reader");
  const element = add(place, "div", "live");
  const drawn = add(element, "div", "drawn");
  const answer = add(element, "div", "answer");
  const says = add(answer, "div", "says");
  const text = add(says, "p", "text");
  const sure = add(says, "p", "sure");
  const digits = add(answer, "div", "digits");
  digits.setAttribute("role", "group");
  digits.setAttribute("aria-label", "What the network sees: choose the digit to look into");
  const layers = createLayers(add(element, "div", "inside"));
  const bars = createBars(add(add(element, "div", "table"), "table", "bars"));
  const beside = add(element, "div", "examples");
  const status = add(element, "p", "status"); // for who does not see the page: one sentence
  status.setAttribute("role", "status");
  const dark = forward(network, new Uint8Array(784));
  dark.forEach((stage) => stage.values.fill(0));

  let glyphs = []; // what is shown, one button each
  let chosen = null; // the number of the one that is looked into, if one was chosen
  let waiting = null;
  let took = 0;
  let frame = null; // the next of an example that is being drawn

  const pad = createPad(drawn, { onStroke: stop, onChange, onClear: stop });

  /** Read now if the pen was lifted, and else soon: at most one reading is under way. */
  function onChange(drawing) {
    const done = drawing.done && frame === null;
    if (!done && waiting !== null) return;
    clearTimeout(waiting);
    waiting = setTimeout(() => read(done), done ? 0 : REST * took);
  }

  function read(done) {
    waiting = null;
    const start = performance.now();
    const reading = readDrawing(...pad.grey(), network);
    const found = reading.digits.length ? reading.digits : reading.looked;
    if (found.length !== glyphs.length) chosen = null;
    glyphs = found;
    [text.textContent, sure.textContent] = inWords(reading);
    text.classList.toggle("words", !reading.text);
    showGlyphs();
    look(done);
    if (done) status.textContent = glyphs.length ? `${text.textContent}, ${sure.textContent}` : "";
    took = performance.now() - start;
  }

  /** Show the chosen glyph's probabilities, and what the layers make of it. */
  function look(wave) {
    const glyph = glyphs.at(chosen ?? -1);
    bars(glyph?.probabilities ?? []);
    layers.show(glyph?.stages ?? dark, { wave: wave && Boolean(glyph) });
  }

  function showGlyphs() {
    while (digits.children.length > glyphs.length) digits.lastChild.remove();
    while (digits.children.length < glyphs.length) {
      const button = add(digits, "button", "digit");
      const index = digits.children.length - 1;
      button.type = "button";
      const canvas = add(button, "canvas", "seen");
      canvas.width = canvas.height = 28;
      add(button, "span", "label");
      button.addEventListener("click", () => {
        chosen = index;
        showGlyphs();
        look(true);
      });
    }
    glyphs.forEach(({ image, digit, confidence }, i) => {
      const button = digits.children[i];
      paintGrey(button.firstChild, image);
      button.lastChild.textContent = `${nameOf(digit)} ${percent(confidence)}`;
      button.setAttribute("aria-pressed", i === (chosen ?? glyphs.length - 1));
    });
  }

  if (examples.length) add(beside, "span", "label").textContent = "Or have one drawn:";
  for (const [name, strokes] of examples) {
    const button = add(beside, "button", "example");
    button.type = "button";
    button.textContent = name;
    button.addEventListener("click", () => play(strokes));
  }

  /** Draw an example as a hand does, or at once for who asks for little motion. */
  function play(strokes) {
    stop();
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const count = strokes.flat().length;
    const start = performance.now();
    const draw = (now) => {
      const share = isCalm ? 1 : Math.min((now - start) / HAND, 1);
      if (frame !== null) pad.undo(); // what the frame before has shown
      frame = share < 1 ? requestAnimationFrame(draw) : null;
      pad.show(firstOf(strokes, Math.max(1, Math.round(share * count))));
    };
    draw(start);
  }

  function stop() {
    cancelAnimationFrame(frame);
    frame = null;
  }

  pad.buttons.addEventListener("click", stop, { capture: true });
  read(true);
}

/** Return what a reading says, and how sure it is, in words. */
function inWords({ text, confidence, looked }) {
  if (!looked.length) return ["", "Draw a digit, or several in a row with a gap between them."];
  if (!text) return ["No digit", `${percent(confidence)} sure. Draw large, and leave gaps.`];
  return [text.replaceAll("\n", ", "), `${percent(confidence)} sure`];
}

/** Return the first so many points of strokes, as strokes. */
function firstOf(strokes, count) {
  const [first, ...others] = strokes;
  if (!first || count < 1) return [];
  return [first.slice(0, count), ...firstOf(others, count - first.length)];
}

const nameOf = (digit) => (digit > 9 ? "none" : String(digit));

/** Return a probability in per cent; only what is certain is 100 %. */
function percent(p) {
  if (p > 0.999) return "> 99.9 %";
  if (p < 0.001) return "< 0.1 %";
  return `${(100 * p).toFixed(1)} %`;
}

/** Fill a table with a row for each class; return a function that shows probabilities in it. */
function createBars(table) {
  const caption = table.createCaption();
  caption.textContent = "How probable each answer is";
  const rows = Array.from({ length: 11 }, (_, i) => {
    const row = table.insertRow();
    const head = document.createElement("th");
    head.scope = "row";
    head.textContent = nameOf(i);
    row.append(head);
    const bar = add(row.insertCell(), "span", "bar");
    return { row, bar, value: row.insertCell() };
  });
  return (probabilities) => {
    const best = Math.max(...probabilities);
    rows.forEach(({ row, bar, value }, i) => {
      const p = probabilities[i] ?? 0;
      bar.style.width = `${100 * p}%`;
      value.textContent = probabilities.length ? percent(p) : "";
      row.classList.toggle("best", p > 0 && p === best);
    });
  };
}

function paintGrey(canvas, image) {
  const context = canvas.getContext("2d");
  const picture = context.createImageData(28, 28);
  image.forEach((value, i) => picture.data.set([value, value, value, 255], 4 * i));
  context.putImageData(picture, 0, 0);
}

/** Add a new element of a kind to another. */
function add(parent, kind, name) {
  const made = document.createElement(kind);
  made.className = `digitlib-${name}`;
  parent.append(made);
  return made;
}
