// The reader in a page, without a server: a pad, the answer beside it, and the layers below.
import { add, addButton, addStatus, createAnswer } from "./answer.js";
import { readDrawing } from "./drawing.js";
import { createLayers } from "./layers.js";
import { darkness, forward, loadNetwork } from "./network.js";
import { createPad } from "./pad.js";

const REST = 2; // of the time that one reading takes, until the next: while drawing, the pen is first

/**
 * Fill an element with the reader.
 *
 * `exported` is what digitlib.models.weights gives; `examples` are [name, strokes] to have drawn,
 * a stroke being a list of [x, y] in a square of side 1.
 */
export function createReader(place, exported, examples = []) {
  const network = loadNetwork(exported);
  const dark = darkness(network);
  place.classList.add("digitlib-reader");
  const element = add(place, "div", "live");
  const drawn = add(element, "div", "drawn");
  const said = add(element, "div", "answer");
  const layers = createLayers(add(element, "div", "inside"));
  const answer = createAnswer(said, add(element, "div", "table"), {
    hint: "Draw a digit, or several in a row with a gap between them.",
    onLook: (glyph, isNew) => layers.show(glyph?.stages ?? dark, { wave: isNew && Boolean(glyph) }),
  });
  const beside = add(element, "div", "examples");
  const status = addStatus(element);
  let waiting = null;
  let took = 0;

  const pad = createPad(drawn, { onChange });

  /** Read now if the pen was lifted, and else soon: at most one reading is under way. */
  function onChange({ done }) {
    if (!done && waiting !== null) return;
    clearTimeout(waiting);
    waiting = setTimeout(() => read(done), done ? 0 : REST * took);
  }

  function read(done) {
    waiting = null;
    const start = performance.now();
    const sentence = answer.show(readDrawing(...pad.grey(), network), { isNew: done });
    if (done) status.textContent = sentence;
    took = performance.now() - start;
  }

  if (examples.length) add(beside, "span", "label", "Or have one drawn:");
  for (const [name, strokes] of examples) {
    addButton(beside, "example", name, () => pad.show(strokes));
  }
  read(true);
}
