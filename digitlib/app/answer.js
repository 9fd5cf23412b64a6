// The answer beside a pad or a photo: what was read, what the network saw, and how sure it is.
//
// A reading has a text, a confidence, and in `digits` what was read, or else in `looked` what was
// looked at: each with its image (784 bytes, white on black), digit (10: none), confidence and
// eleven probabilities. Where there was something to look at, isOfSomething is true.
import { keepShortcutsOut } from "./pad.js";

const CLEARLY = 0.95; // so sure that there is no digit, and no tip is needed

/**
 * Fill an element with an answer, and another one with bars; return { show }.
 *
 * onLook(glyph, isNew) is called with the digit that is looked into, or undefined; hint is said
 * where nothing was written, tip where what was is hardly a digit.
 */
export function createAnswer(answer, table, { hint = "", tip = "", onLook = () => {} } = {}) {
  const says = add(answer, "div", "says");
  const text = add(says, "p", "text");
  const sure = add(says, "p", "sure");
  const digits = add(answer, "div", "digits");
  digits.setAttribute("role", "group");
  digits.setAttribute("aria-label", "What the network sees: choose the digit to look into");
  const bars = createBars(add(table, "table", "bars"));
  let glyphs = []; // what is shown, one button each
  let chosen = null; // the number of the one that is looked into, if one was chosen

  /** Show a reading; return it as a sentence, or "" if there is nothing. */
  function show(reading, { isNew = true } = {}) {
    const found = reading.digits.length ? reading.digits : reading.looked;
    if (found.length !== glyphs.length) chosen = null;
    glyphs = found;
    [text.textContent, sure.textContent] = inWords(reading, { hint, tip, isNew });
    text.classList.toggle("words", !reading.text);
    const lines = reading.text.split("\n");
    text.style.setProperty("--chars", Math.max(1, ...lines.map((line) => line.length)));
    text.style.setProperty("--lines", lines.length);
    showGlyphs();
    look(isNew);
    return glyphs.length ? `${text.textContent.replaceAll("\n", ", ")}, ${sure.textContent}` : "";
  }

  function look(isNew) {
    const glyph = glyphs.at(chosen ?? -1);
    bars(glyph?.probabilities ?? []);
    onLook(glyph, isNew);
  }

  function showGlyphs() {
    while (digits.children.length > glyphs.length) digits.lastChild.remove();
    while (digits.children.length < glyphs.length) {
      const index = digits.children.length;
      const button = addButton(digits, "digit", "", () => {
        chosen = index;
        showGlyphs();
        look(true);
      });
      const canvas = add(button, "canvas", "seen");
      canvas.width = canvas.height = 28;
      add(button, "span", "label");
    }
    glyphs.forEach(({ image, digit, confidence }, i) => {
      const button = digits.children[i];
      paintGrey(button.firstChild, image);
      button.lastChild.textContent = `${nameOf(digit)}: ${percent(confidence)}`;
      button.setAttribute("aria-pressed", i === (chosen ?? glyphs.length - 1));
    });
  }

  return { show };
}

/** Return what a reading says, and how sure it is, in words. */
function inWords({ text, confidence, looked, isOfSomething }, { hint, tip, isNew }) {
  if (text) return [text, `${percent(confidence)} sure`];
  if (!looked.length) return isOfSomething ? ["No digit", "Nothing is taken for writing."] : ["", hint];
  if (!isNew) return ["…", ""]; // a digit that is half drawn is none yet
  const sure = looked.length === 1 && looked[0].digit === 10 ? looked[0].confidence : confidence;
  return ["No digit", `${percent(sure)} sure. ${sure < CLEARLY ? tip : ""}`.trim()];
}

export const nameOf = (digit) => (digit > 9 ? "none" : String(digit));

/** Return a probability in per cent; only what is certain is 100 %. */
export function percent(p, over = "over ", under = "under ") {
  if (p > 0.999) return `${over}99.9 %`;
  if (p < 0.001) return `${under}0.1 %`;
  return `${(100 * p).toFixed(1)} %`;
}

/** Fill a table with a row for each class; return a function that shows probabilities in it. */
function createBars(table) {
  const caption = table.createCaption();
  caption.textContent = "What the network alone says";
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
      value.textContent = probabilities.length ? percent(p, "> ", "< ") : "";
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
export function add(parent, kind, name, text = "") {
  const made = document.createElement(kind);
  if (name) made.className = `digitlib-${name}`;
  if (text) made.textContent = text;
  parent.append(made);
  return made;
}

/** Add a button, whose keys JupyterLab leaves alone. */
export function addButton(parent, name, text, action) {
  const made = add(parent, "button", name, text);
  made.type = "button";
  made.addEventListener("click", action);
  keepShortcutsOut(made);
  return made;
}

/** Add what is said to those who do not see the page: one sentence at a time. */
export function addStatus(parent) {
  const status = add(parent, "p", "status");
  status.setAttribute("role", "status");
  return status;
}
