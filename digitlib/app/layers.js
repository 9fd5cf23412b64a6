// What each layer of a network gives, as small pictures: its feature maps, or its units, as pixels.

// From no response to the strongest of the layer: the colours of something that begins to glow.
const GLOW = [[13, 8, 35], [88, 20, 94], [188, 55, 84], [249, 142, 9], [252, 255, 164]];
const GAP = 1; // pixels between feature maps

/**
 * Fill an element with a picture for each layer; return { show }.
 *
 * show(stages) takes what forward() in network.js returns. With { wave: true } the pictures light
 * up one after the other.
 */
export function createLayers(element) {
  const list = document.createElement("ol");
  list.className = "digitlib-layers";
  element.append(list);
  let figures = [];

  function show(stages, { wave = false } = {}) {
    if (figures.length !== stages.length) {
      figures = stages.map(figureOf);
      list.replaceChildren(...figures.map(({ item }) => item));
    }
    stages.forEach((stage, i) => paint(figures[i].canvas, stage));
    list.classList.remove("wave");
    if (!wave) return;
    void list.offsetWidth; // or the animation would not begin anew
    list.classList.add("wave");
  }

  return { show };
}

/** Return a list item with a picture for a stage, and what it is called. */
function figureOf(stage, index) {
  const { name, height, width, channels } = stage;
  const item = document.createElement("li");
  item.style.setProperty("--index", index);
  const canvas = document.createElement("canvas");
  const across = columns(stage);
  canvas.width = across * (width + GAP) + GAP;
  canvas.height = Math.ceil(channels / across) * (height + GAP) + GAP;
  const isMaps = height * width > 1;
  const size = isMaps
    ? `${channels} feature maps of ${height}\u00a0×\u00a0${width}`
    : `${channels} values`;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${name}: ${size}; the brighter, the stronger the response`);
  const caption = document.createElement("p");
  const title = document.createElement("b");
  title.textContent = name.replaceAll(" x ", "\u00a0×\u00a0");
  caption.append(title, document.createElement("br"), size);
  item.append(canvas, caption);
  return { item, canvas };
}

/** Return how many feature maps stand side by side: twice as many as one above the other. */
function columns({ channels }) {
  return channels <= 16 ? channels : Math.ceil(Math.sqrt(2 * channels));
}

/** Paint a stage's values, brightest where they are largest. */
function paint(canvas, stage) {
  const { height, width, channels, values } = stage;
  const across = columns(stage);
  const context = canvas.getContext("2d");
  const picture = context.createImageData(canvas.width, canvas.height);
  const pixels = new Uint32Array(picture.data.buffer);
  const isInMap = (at, side) => at % (side + GAP) >= GAP;
  for (let i = 0; i < pixels.length; i++) {
    const x = i % canvas.width, y = Math.floor(i / canvas.width);
    if (isInMap(x, width) && isInMap(y, height)) pixels[i] = COLOURS[0];
  }
  const most = Math.max(values.reduce((a, b) => Math.max(a, b), 0), 1e-9);
  values.forEach((value, i) => {
    const channel = i % channels, place = Math.floor(i / channels);
    const x = (channel % across) * (width + GAP) + GAP + (place % width);
    const y = Math.floor(channel / across) * (height + GAP) + GAP + Math.floor(place / width);
    pixels[y * canvas.width + x] = COLOURS[Math.trunc((255 * Math.max(value, 0)) / most)];
  });
  context.putImageData(picture, 0, 0);
}

/** The 256 colours from the first of GLOW to the last, as a canvas holds pixels. */
const COLOURS = Uint32Array.from({ length: 256 }, (_, n) => {
  const at = (n / 255) * (GLOW.length - 1);
  const i = Math.min(Math.floor(at), GLOW.length - 2);
  const colour = GLOW[i].map((from, k) => Math.round(from + (GLOW[i + 1][k] - from) * (at - i)));
  return new Uint32Array(Uint8Array.of(...colour, 255).buffer)[0];
});
