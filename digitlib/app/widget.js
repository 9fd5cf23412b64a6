// The parts of the page as widgets of a notebook: questions go to the kernel as messages.
import { createDrawing } from "./drawn.js";
import { createUploader } from "./uploaded.js";

const PIECE = 512 * 1024; // bytes; Jupyter's servers drop messages over 10 MB without a word

function render({ model, el }) {
  const [ask, close] = connect(model);
  if (model.get("part") === "pad") createDrawing(el, ask);
  else createUploader(el, ask);
  return close;
}

/** Return a function that asks the kernel, and gives a promise of the answer; and one that ends it. */
function connect(model) {
  const mine = Math.random().toString(36).slice(2); // another view of the widget has other numbers
  const pending = new Map();
  let count = 0;
  const hear = (reply) => {
    pending.get(reply.id)?.(reply);
    pending.delete(reply.id);
  };
  model.on("msg:custom", hear);

  function send(message, bytes) {
    return new Promise((resolve, reject) => {
      if (isClosed()) return reject(new Error("closed"));
      pending.set(message.id, resolve);
      model.send(message, undefined, bytes ? [bytes] : []);
    });
  }

  async function ask(question, content = new Uint8Array(), onProgress = () => {}) {
    const id = `${mine}-${(count += 1)}`;
    let start = 0;
    for (; content.length - start > PIECE; start += PIECE) {
      const reply = await send({ id, more: true }, content.slice(start, start + PIECE));
      if (reply.error) return reply;
      onProgress(start / content.length);
    }
    const last = send({ ...question, id }, content.slice(start));
    onProgress(1);
    return last;
  }

  /** Whether the connection to the kernel is known to be closed; what is not known counts as open. */
  function isClosed() {
    const kernel = model.widget_manager?.kernel;
    if (!kernel) return false;
    return (
      kernel.isDisposed || kernel.status === "dead" || kernel.connectionStatus === "disconnected"
    );
  }
  ask.isClosed = isClosed;
  return [ask, () => model.off("msg:custom", hear)];
}

export default { render };
