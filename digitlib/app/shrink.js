// A photo, made smaller before it is sent.
const LONGEST = 2000; // pixels of a longer side; the reader works on 1,000
const QUALITY = 0.95; // of JPEG and WebP
const STARTS = [
  ["image/jpeg", /^\xff\xd8\xff/],
  ["image/png", /^\x89PNG/],
  ["image/webp", /^RIFF....WEBP/s],
];

/**
 * Return a file as it is to be sent, as bytes.
 *
 * A JPEG, PNG or WebP with a longer side over 2,000 pixels is drawn upright at 2,000; all else, and
 * what this browser cannot draw, stays as it is.
 */
export async function shrunk(file) {
  const start = String.fromCharCode(...new Uint8Array(await file.slice(0, 12).arrayBuffer()));
  const type = STARTS.find(([, pattern]) => pattern.test(start))?.[0];
  const small = type && (await drawnSmaller(file, type).catch(() => null));
  return new Uint8Array(await (small || file).arrayBuffer());
}

async function drawnSmaller(file, type) {
  const image = await createImageBitmap(file, { imageOrientation: "from-image" });
  try {
    const scale = LONGEST / Math.max(image.width, image.height);
    if (scale >= 1) return null;
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(image.width * scale);
    canvas.height = Math.round(image.height * scale);
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((done) => canvas.toBlob(done, type, QUALITY));
  } finally {
    image.close();
  }
}
