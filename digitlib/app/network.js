// A network's forward pass, as digitlib.app.weights exports it: an image in, probabilities out,
// and what every layer gave on the way.
//
// Values lie as in Keras, channels last: that of row y, column x and channel c of a stage is
// values[(y * width + x) * channels + c].

/** Return the network in an export: its layers, with their weights as Float32Array. */
export function loadNetwork(exported) {
  const bytes = Uint8Array.from(atob(exported.weights), (letter) => letter.charCodeAt(0));
  const numbers = fromFloat16(new Uint16Array(bytes.buffer));
  let start = 0;
  const take = (count) => numbers.subarray(start, (start += count));
  return exported.layers.map((layer) => ({
    ...layer,
    kernel: take(layer.weights?.[0] ?? 0),
    bias: take(layer.weights?.[1] ?? 0),
  }));
}

/** Return numbers of 16 bits (1 sign, 5 exponent, 10 fraction) as Float32Array. */
function fromFloat16(halves) {
  return Float32Array.from(halves, (half) => {
    const sign = half & 0x8000 ? -1 : 1;
    const exponent = (half >> 10) & 31;
    const fraction = (half & 1023) / 1024;
    return exponent ? sign * 2 ** (exponent - 15) * (1 + fraction) : sign * 2 ** -14 * fraction;
  });
}

const STEPS = { convolution, maxPooling, mean, flatten, dense };

/**
 * Return what each layer makes of a 28 x 28 image (784 grey values, 0..255, white on black).
 *
 * Each stage has a name, height, width, channels and values; those of the last are probabilities.
 */
export function forward(network, image) {
  const stages = [];
  const values = Float32Array.from(image, (grey) => grey / 255);
  let before = { height: 28, width: 28, channels: 1, values };
  for (const layer of network) {
    before = { name: layer.name, ...STEPS[layer.kind](before, layer) };
    stages.push(before);
  }
  return stages;
}

/** A window slides over the image; each filter weighs what the window shows, and adds it up. */
function convolution(input, { size, stride, padding, filters, kernel, bias, activation }) {
  const { channels } = input;
  const [height, above] = places(input.height, size[0], stride, padding);
  const [width, left] = places(input.width, size[1], stride, padding);
  const values = new Float32Array(height * width * filters);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const sums = values.subarray((y * width + x) * filters, (y * width + x + 1) * filters);
      sums.set(bias);
      for (let i = 0; i < size[0]; i++) {
        const row = y * stride + i - above;
        if (row < 0 || row >= input.height) continue; // beyond the edge all is 0
        for (let j = 0; j < size[1]; j++) {
          const column = x * stride + j - left;
          if (column < 0 || column >= input.width) continue;
          const from = (row * input.width + column) * channels;
          for (let c = 0; c < channels; c++) {
            const value = input.values[from + c];
            if (value === 0) continue; // after ReLU many are, and add nothing
            const weights = ((i * size[1] + j) * channels + c) * filters;
            for (let f = 0; f < filters; f++) sums[f] += value * kernel[weights + f];
          }
        }
      }
    }
  }
  return { height, width, channels: filters, values: ACTIVATIONS[activation](values) };
}

/** Return how many places a window of n has along a side, and the zeros before the first. */
function places(side, n, stride, padding) {
  if (padding === "valid") return [Math.floor((side - n) / stride) + 1, 0];
  const count = Math.ceil(side / stride); // "same": a place for every pixel, or every second one
  return [count, Math.floor(Math.max((count - 1) * stride + n - side, 0) / 2)];
}

/** Of each window, the largest value. */
function maxPooling(input, { size, stride }) {
  const { channels } = input;
  const [height] = places(input.height, size[0], stride, "valid");
  const [width] = places(input.width, size[1], stride, "valid");
  const values = new Float32Array(height * width * channels).fill(-Infinity);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let i = 0; i < size[0]; i++) {
        for (let j = 0; j < size[1]; j++) {
          const from = ((y * stride + i) * input.width + x * stride + j) * channels;
          const to = (y * width + x) * channels;
          for (let c = 0; c < channels; c++) {
            values[to + c] = Math.max(values[to + c], input.values[from + c]);
          }
        }
      }
    }
  }
  return { height, width, channels, values };
}

/** Of each feature map, its mean over all places. */
function mean({ height, width, channels, values }) {
  const means = new Float32Array(channels);
  values.forEach((value, i) => (means[i % channels] += value / (height * width)));
  return { height: 1, width: 1, channels, values: means };
}

/** All values of all places as one row. */
function flatten({ values }) {
  return { height: 1, width: 1, channels: values.length, values };
}

/** Each unit weighs all values, and adds them up. */
function dense({ values }, { units, kernel, bias, activation }) {
  const sums = Float32Array.from(bias);
  values.forEach((value, i) => {
    for (let u = 0; u < units; u++) sums[u] += value * kernel[i * units + u];
  });
  return { height: 1, width: 1, channels: units, values: ACTIVATIONS[activation](sums) };
}

const ACTIVATIONS = {
  linear: (values) => values,
  relu: (values) => values.map((value) => Math.max(value, 0)),
  softmax: (values) => {
    const largest = Math.max(...values); // taken off, so that no power is too large
    const powers = values.map((value) => Math.exp(value - largest));
    const sum = powers.reduce((a, b) => a + b);
    return powers.map((power) => power / sum);
  },
};

/** Return the stages of a network that has seen nothing: all values are 0. */
export function darkness(network) {
  const stages = forward(network, new Uint8Array(28 * 28));
  stages.forEach((stage) => stage.values.fill(0));
  return stages;
}
