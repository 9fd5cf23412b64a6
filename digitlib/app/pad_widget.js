// The pad as a widget: the picture goes to Python each time the pen lifts.
import { createPad } from "./pad.js";

function render({ model, el }) {
  const onChange = ({ done, isEmpty }) => {
    if (!done) return;
    model.set("picture", isEmpty ? "" : pad.toDataURL());
    model.save_changes();
  };
  const pad = createPad(el, { pen: model.get("pen"), onChange });
  // Loaded again, the page starts empty, and so must Python.
  if (model.get("picture")) onChange({ done: true, isEmpty: true });
}

export default { render };
