// The reader in a page, without a server: a pad, the answer beside it, and the layers below.
import { add, addButton, addStatus, createAnswer } from "./answer.js";
import { readDrawing } from "./drawing.js";
import { createLayers } from "./layers.js";
import { darkness, forward, loadNetwork } from "./network.js";
import { createPad } from "./pad.js";

const REST = 2; // times what a reading takes, until the next of a stroke: the pen comes first
const HAND = 900; // milliseconds in which an example is drawn

/**
 * Fill an element with the reader.
 *
 * `exported` is what digitlib.app.weights gives, `fitted` what digitlib/reading/confidence.json
 * holds; `examples` are [name, strokes] to have drawn, a stroke being a list of [x, y] in a square
 * of side 1.
 */
export function createReader(place, exported, fitted, examples = []) {
  const network = loadNetwork(exported);
  const dark = darkness(network);
  place.classList.add("digitlib-reader");
  const element = add(place, "div", "live");
  const drawn = add(element, "div", "drawn");
  const said = add(element, "div", "answer");
  const beside = add(element, "div", "examples");
  const table = add(element, "div", "table");
  const layers = createLayers(add(element, "div", "inside"));
  const answer = createAnswer(said, table, {
    hint: "Draw a digit, or several in a row with a gap between them.",
    tip: "Draw large, and leave gaps.",
    onLook: (glyph, isNew) => layers.show(glyph?.stages ?? dark, { wave: isNew && Boolean(glyph) }),
  });
  const status = addStatus(element);
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
    const sentence = answer.show(readDrawing(...pad.grey(), network, fitted), { isNew: done });
    if (done) status.textContent = sentence;
    took = performance.now() - start;
  }

  if (examples.length) add(beside, "span", "label", "Or have one drawn:");
  for (const [name, strokes] of examples) {
    addButton(beside, "example", name, () => play(strokes));
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

/** Return the first so many points of strokes, as strokes. */
function firstOf(strokes, count) {
  const [first, ...others] = strokes;
  if (!first || count < 1) return [];
  return [first.slice(0, count), ...firstOf(others, count - first.length)];
}
