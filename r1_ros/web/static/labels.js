// Names over the picture of the room: of boxes and of the robot.

import { make } from "./dom.js";

const MOST = 12; // more would hide the room; then only the chosen one has its name

export class Labels {
  constructor(parent) {
    this.parent = parent;
    this.marks = []; // { element, place }
  }

  // list: [{ text, place: Vector3, color, chosen }]
  show(list) {
    const shown = list.length > MOST ? list.filter((mark) => mark.chosen) : list;
    this.marks = shown.map(({ text, place, color }) => {
      const element = make("span", { textContent: text });
      element.style.borderColor = color;
      return { element, place };
    });
    this.parent.replaceChildren(...this.marks.map((mark) => mark.element));
  }

  // Where they are in the picture now.
  place(camera, width, height) {
    for (const { element, place } of this.marks) {
      const at = place.clone().project(camera);
      const inside = Math.abs(at.x) < 1 && Math.abs(at.y) < 1 && at.z < 1;
      element.hidden = !inside;
      if (inside) element.style.transform =
        `translate(${((at.x + 1) / 2) * width}px, ${((1 - at.y) / 2) * height}px) translate(-50%, -100%)`;
    }
  }
}
