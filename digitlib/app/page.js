// The page of `digitlib app`: questions go to the server that gave the page.
import { createDrawing } from "./drawn.js";
import { createUploader } from "./uploaded.js";

let isStopped = false;

async function ask(question, content = new Uint8Array(), onProgress = () => {}) {
  onProgress(1);
  const query = `token=${token()}&question=${encodeURIComponent(JSON.stringify(question))}`;
  try {
    const response = await fetch(`ask?${query}`, { method: "POST", body: content });
    if (response.status === 403) throw new Error("This page is of a server that has stopped.");
    isStopped = false;
    return await response.json();
  } catch (error) {
    isStopped = true; // nobody listens any more
    throw error;
  }
}
ask.isClosed = () => isStopped;

const token = () => new URLSearchParams(location.search).get("token");

const filled = createDrawing(document.getElementById("pad"), ask, { isPage: true });
createUploader(document.getElementById("uploader"), ask, { isPage: true });
// Shown when what stands above has its full height, so that nothing jumps under a finger.
filled.then(() => (document.getElementById("photos").hidden = false));
