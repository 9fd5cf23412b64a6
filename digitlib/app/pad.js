// A drawing pad: strokes in, a PNG out. The picture goes to Python each time the pen lifts.
const SIDE = 280;

/** Fill an element with a pad; onChange({ done, isEmpty }) is called as it changes. */
export function createPad(el, { pen = 16, onChange = () => {} } = {}) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE;
  canvas.className = "digitlib-canvas";
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", "Drawing area: draw a digit with mouse, pen or finger");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  let strokes = [];
  let pointer = null; // the one that draws; a second finger does not

  function draw() {
    context.fillStyle = "white";
    context.fillRect(0, 0, SIDE, SIDE);
    context.lineCap = context.lineJoin = "round";
    context.lineWidth = pen;
    context.strokeStyle = "black";
    for (const stroke of strokes) {
      context.beginPath();
      context.moveTo(...stroke[0]);
      for (const [x, y] of stroke) context.lineTo(x + 0.01, y); // 0.01: a click leaves a dot
      context.stroke();
    }
  }

  function add(event) {
    const box = canvas.getBoundingClientRect();
    const x = ((event.clientX - box.left) * SIDE) / box.width;
    const y = ((event.clientY - box.top) * SIDE) / box.height;
    strokes[strokes.length - 1].push([x, y]);
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (pointer !== null || event.button > 0) return;
    event.preventDefault();
    pointer = event.pointerId;
    canvas.setPointerCapture(pointer);
    strokes.push([]);
    add(event);
    draw();
    onChange({ done: false });
  });
  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerId !== pointer) return;
    const between = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
    for (const each of between.length ? between : [event]) add(each);
    draw();
    onChange({ done: false });
  });
  for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) {
    canvas.addEventListener(name, (event) => {
      if (event.pointerId !== pointer) return;
      pointer = null;
      onChange({ done: true, isEmpty: !strokes.length });
    });
  }

  function button(text, action) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    made.className = `digitlib-${text.toLowerCase()}`;
    made.addEventListener("click", () => {
      pointer = null; // whatever was being drawn is over
      action();
      draw();
      onChange({ done: true, isEmpty: !strokes.length });
    });
    return made;
  }

  const buttons = document.createElement("div");
  buttons.className = "digitlib-buttons";
  buttons.append(
    button("Undo", () => strokes.pop()),
    button("Clear", () => (strokes = [])),
  );
  draw();
  el.append(canvas, buttons);
  const show = (shown) => {
    strokes = shown.map((stroke) => stroke.map(([x, y]) => [x * SIDE, y * SIDE]));
    draw();
    onChange({ done: true, isEmpty: !strokes.length });
  };
  return { canvas, show };
}

function render({ model, el }) {
  const onChange = ({ done, isEmpty }) => {
    if (!done) return;
    model.set("picture", isEmpty ? "" : el.querySelector("canvas").toDataURL("image/png"));
    model.save_changes();
  };
  createPad(el, { pen: model.get("pen"), onChange });
  // Loaded again, the page starts empty, and so must Python.
  if (model.get("picture")) onChange({ done: true, isEmpty: true });
}

export default { render };
