// A drawing pad: strokes in, a picture out. It knows nothing of the page that it stands in.
const SIDE = 280; // pixels of the picture that is read, however large the pad is on the screen
const PEN = 16; // of these pixels
const APART = 2; // of these pixels between two points of a stroke; closer ones are a hand's tremor
const CORNER = 0.5; // cosine of the turn from which on a corner stays one, and is not rounded
const RESTING = 8; // pixels; a touch that moves less than this is a palm that rests, or a dot
const PEN_IS_NEAR = 2000; // milliseconds after a pen was seen, in which a touch is the hand's

/**
 * Fill an element with a pad, and buttons to undo and to clear.
 *
 * onStroke() is called when a stroke begins, onChange({ done, isEmpty }) whenever the drawing has
 * changed (done: no stroke is under way), onClear() when it was cleared. Returned are
 * - grey(), [values, height, width]: the drawing's pixels, black (0) on white (255), row by row;
 * - toDataURL(): the drawing as a PNG;
 * - isEmpty(), undo(), clear();
 * - show(strokes): draw strokes, lists of [x, y] in a square of side 1;
 * - showPicture(image, question): show an image or canvas until the next stroke;
 * - question(): the question of the picture that is shown, or undefined;
 * - canvas, buttons: the elements.
 */
export function createPad(
  element,
  { onStroke = () => {}, onChange = () => {}, onClear = () => {} } = {},
) {
  const canvas = document.createElement("canvas"); // as fine as the screen
  canvas.className = "digitlib-canvas";
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-roledescription", "drawing pad");
  canvas.setAttribute("aria-label", "Draw digits here with mouse, pen or finger");
  keepShortcutsOut(canvas);
  const copy = document.createElement("canvas"); // what is read
  copy.width = copy.height = SIDE;
  const context = copy.getContext("2d", { willReadFrequently: true });

  let now = { strokes: [], picture: null };
  let before = []; // earlier states, for undo
  let after = []; // states that were undone
  let active = null; // the pointer that draws: { id, type, start, hasMoved }
  let penSeen = -Infinity;
  let frame = null;

  function paint(context, side) {
    context.setTransform(side / SIDE, 0, 0, side / SIDE, 0, 0);
    context.fillStyle = "white";
    context.fillRect(0, 0, SIDE, SIDE);
    if (now.picture) drawWhole(context, now.picture);
    context.lineCap = context.lineJoin = "round";
    context.lineWidth = PEN;
    context.strokeStyle = "black";
    for (const stroke of now.strokes) {
      context.beginPath();
      trace(context, stroke);
      context.stroke();
    }
  }

  function paintScreen() {
    frame = null;
    const side = Math.max(1, Math.round(canvas.clientWidth * (window.devicePixelRatio || 1)));
    if (canvas.width !== side) canvas.width = canvas.height = side;
    paint(canvas.getContext("2d"), side);
  }

  function changed() {
    frame ??= requestAnimationFrame(paintScreen);
    onChange({ done: active === null, isEmpty: isEmpty() });
  }

  const isEmpty = () => !now.strokes.length && !now.picture;

  function become(next) {
    before.push(now);
    after = [];
    now = next;
  }

  function placeOf(event) {
    const box = canvas.getBoundingClientRect();
    const inside = (at, from, size, border) => ((at - from - border) * SIDE) / (size - 2 * border);
    return [
      inside(event.clientX, box.left, box.width, canvas.clientLeft),
      inside(event.clientY, box.top, box.height, canvas.clientTop),
    ];
  }

  /** Let the pointer go; what a palm or a cancelled touch has drawn goes with it. */
  function release({ keep }) {
    active = null;
    if (!keep) now = before.pop();
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    event.preventDefault();
    canvas.focus({ preventScroll: true, focusVisible: false });
    const isTouch = event.pointerType === "touch";
    if (event.pointerType === "pen") penSeen = event.timeStamp;
    if (isTouch && event.timeStamp - penSeen < PEN_IS_NEAR) return;
    if (active) {
      const isPalm = active.type === "touch" && (!isTouch || !active.hasMoved);
      if (!isPalm) return; // a second finger
      release({ keep: false });
    }
    const start = placeOf(event);
    active = { id: event.pointerId, type: event.pointerType, start, hasMoved: false };
    canvas.setPointerCapture(active.id); // a stroke may leave the pad and come back
    become({ strokes: [...now.strokes, [start]], picture: null });
    onStroke();
    changed();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerType === "pen") penSeen = event.timeStamp;
    if (event.pointerId !== active?.id) return;
    const stroke = now.strokes.at(-1);
    const between = event.getCoalescedEvents?.() ?? [];
    for (const each of between.length ? between : [event]) {
      const place = placeOf(each);
      if (distance(place, stroke.at(-1)) >= APART) stroke.push(place);
      active.hasMoved ||= distance(place, active.start) >= RESTING;
    }
    changed();
  });
  for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) {
    canvas.addEventListener(name, (event) => {
      if (event.pointerId !== active?.id) return;
      release({ keep: name !== "pointercancel" });
      changed();
    });
  }
  canvas.addEventListener("contextmenu", (event) => event.preventDefault()); // of a long touch

  function undo() {
    if (active) release({ keep: true });
    if (before.length) {
      after.push(now);
      now = before.pop();
    }
    changed();
  }

  function redo() {
    if (active || !after.length) return;
    before.push(now);
    now = after.pop();
    changed();
  }

  function clear() {
    if (active) release({ keep: true });
    if (!isEmpty()) become({ strokes: [], picture: null });
    onClear();
    changed();
  }

  const buttons = document.createElement("div");
  buttons.className = "digitlib-buttons";
  buttons.append(button("Undo", undo), button("Clear", clear));
  for (const each of [canvas, ...buttons.children]) {
    each.addEventListener("keydown", (event) => {
      const key = event.key.toLowerCase();
      if (!(event.ctrlKey || event.metaKey) || !["y", "z"].includes(key)) return;
      event.preventDefault();
      event.stopPropagation();
      if (key === "y" || event.shiftKey) redo();
      else undo();
    });
  }
  element.append(canvas, buttons);
  new ResizeObserver(paintScreen).observe(canvas);
  paintScreen();

  function painted() {
    paint(context, SIDE);
    return copy;
  }

  return {
    canvas,
    buttons,
    undo,
    clear,
    isEmpty,
    grey() {
      const { data } = painted().getContext("2d").getImageData(0, 0, SIDE, SIDE);
      return [Uint8Array.from({ length: SIDE * SIDE }, (_, i) => data[4 * i]), SIDE, SIDE];
    },
    toDataURL: () => painted().toDataURL("image/png"),
    show(shown) {
      const strokes = shown.map((stroke) => stroke.map(([x, y]) => [x * SIDE, y * SIDE]));
      become({ strokes, picture: null });
      changed();
    },
    question: () => now.question,
    showPicture(picture, question) {
      become({ strokes: [], picture, question });
      frame ??= requestAnimationFrame(paintScreen);
    },
  };
}

/** Have JupyterLab leave an element's keys alone: "d d" would delete the cell with the pad. */
export function keepShortcutsOut(element) {
  element.dataset.lmSuppressShortcuts = "true";
}

/** Trace a stroke: gentle turns become curves through the middles between points. */
function trace(context, stroke) {
  const last = stroke.length - 1;
  context.moveTo(...stroke[0]);
  for (let i = 1; i < last; i++) {
    const [here, next] = [stroke[i], stroke[i + 1]];
    if (cosine(stroke[i - 1], here, next) < CORNER) context.lineTo(...here);
    else context.quadraticCurveTo(...here, (here[0] + next[0]) / 2, (here[1] + next[1]) / 2);
  }
  context.lineTo(stroke[last][0] + 0.01, stroke[last][1]); // 0.01: a click leaves a dot
}

const distance = ([x, y], [u, v]) => Math.hypot(x - u, y - v);

/** Return the cosine of the angle by which a line turns at its second point. */
function cosine(a, b, c) {
  const dot = (b[0] - a[0]) * (c[0] - b[0]) + (b[1] - a[1]) * (c[1] - b[1]);
  return dot / (distance(a, b) * distance(b, c) || 1);
}

/** Draw an image as large as it fits. */
function drawWhole(context, image) {
  const { naturalWidth = image.width, naturalHeight = image.height } = image;
  const scale = SIDE / Math.max(naturalWidth, naturalHeight);
  const [width, height] = [naturalWidth * scale, naturalHeight * scale];
  context.drawImage(image, (SIDE - width) / 2, (SIDE - height) / 2, width, height);
}

function button(text, action) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.className = `digitlib-${text.toLowerCase()}`;
  made.addEventListener("click", action);
  keepShortcutsOut(made);
  return made;
}
