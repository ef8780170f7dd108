// The room in 3D: cloud with level of detail, boxes, cameras. Frame: z up, metres.

import {
  BoxGeometry, BufferAttribute, BufferGeometry, Color, ColorManagement, EdgesGeometry, GridHelper, Group, LineBasicMaterial,
  LineSegments, Mesh, MeshBasicMaterial, OrbitControls, PerspectiveCamera, Points, PointsMaterial,
  Raycaster, Scene, Vector2, Vector3, WebGLRenderer,
} from "./three.min.js";
import { Labels } from "./labels.js";
import { ROBOT, cameraMarker, robotMarker } from "./markers.js";

ColorManagement.enabled = false; // colours of cameras are shown as they came

const FEWEST_POINTS = 30000;
const SLOW_MS = 50, FAST_MS = 22; // of a frame while the camera moves
const PAUSE_MS = 3000; // between frames: the hand has rested, that was no frame
const STILL_MS = 400; // then everything is drawn once
const COLORS = [0x4f9dff, 0xff8a3d, 0x55d187, 0xe86bd0, 0xf5d547, 0x9f8bff, 0x4dd6d6, 0xff6b6b];

const CHOSEN = 0xffd75e, OTHER = 0x70707a; // keyframes
const POINT_M = 0.022; // of a point: what a voxel of 2 cm needs to look whole
const CEILING_M = 2.1; // above the floor: what is higher is cut off for a look straight down

const colorOf = (index) => COLORS[index % COLORS.length];
const css = (color) => `#${color.toString(16).padStart(6, "0")}`;
export const cssColorOf = (index) => css(colorOf(index));

export class Room {
  constructor(canvas, names, { onObject, onPoint }) {
    this.canvas = canvas;
    this.labels = new Labels(names);
    this.onObject = onObject;
    this.onPoint = onPoint;
    this.renderer = new WebGLRenderer({ canvas, antialias: false, powerPreference: "low-power" });
    this.renderer.outputColorSpace = "srgb-linear"; // the other half of it
    this.renderer.setPixelRatio(Math.min(devicePixelRatio, 2));
    this.scene = new Scene();
    this.scene.background = new Color(0x1b1b20);
    this.camera = new PerspectiveCamera(55, 1, 0.05, 500);
    this.camera.up.set(0, 0, 1);
    this.controls = new OrbitControls(this.camera, canvas);
    this.controls.addEventListener("change", () => this.moved());
    this.boxes = new Group();
    this.cameras = new Group();
    this.robot = robotMarker();
    this.robot.visible = false;
    this.scene.add(this.boxes, this.cameras, this.robot);
    this.cloud = null;
    this.total = this.loaded = 0;
    this.budget = 200000;
    this.low = new Vector3(0, 0, 0);
    this.high = new Vector3(4, 4, 2);
    this.focus = [this.low.clone(), this.high.clone()]; // what a first look shows
    this.chosen = -1; // of the boxes
    new ResizeObserver(() => this.resize()).observe(canvas);
    canvas.addEventListener("pointerdown", (e) => { this.down = [e.clientX, e.clientY]; });
    canvas.addEventListener("pointerup", (e) => this.clicked(e));
    canvas.addEventListener("keydown", (e) => this.key(e));
    this.resize();
  }

  // The beginning of the cloud is the whole room, coarsely; what is loaded later makes it finer.
  begin(low, high, focus, total) {
    this.low.fromArray(low);
    this.high.fromArray(high);
    this.focus = focus.map((corner) => new Vector3().fromArray(corner));
    if (this.cloud) {
      this.scene.remove(this.cloud, this.grid);
      this.cloud.geometry.dispose();
    }
    this.total = total;
    this.loaded = 0;
    const geometry = new BufferGeometry();
    geometry.setAttribute("position", new BufferAttribute(new Uint16Array(total * 3), 3, true));
    geometry.setAttribute("color", new BufferAttribute(new Uint8Array(total * 3), 3, true));
    geometry.setDrawRange(0, 0);
    this.cloud = new Points(geometry, new PointsMaterial({ vertexColors: true }));
    this.cloud.frustumCulled = false;
    this.cloud.position.copy(this.low);
    this.cloud.scale.subVectors(this.high, this.low).clampScalar(1e-6, 1e6);
    const [from, to] = this.focus;
    const side = Math.ceil(Math.max(to.x - from.x, to.y - from.y, 1)) + 2;
    this.grid = new GridHelper(side, side, 0x44444e, 0x2a2a32);
    this.grid.rotation.x = Math.PI / 2;
    this.grid.position.set((from.x + to.x) / 2, (from.y + to.y) / 2, from.z - 0.02);
    this.scene.add(this.cloud, this.grid);
    this.draw();
  }

  add(buffer) {
    const count = buffer.byteLength / 9;
    const { position, color } = this.cloud.geometry.attributes;
    position.array.set(new Uint16Array(buffer, 0, count * 3), this.loaded * 3);
    color.array.set(new Uint8Array(buffer, count * 6, count * 3), this.loaded * 3);
    position.needsUpdate = color.needsUpdate = true;
    this.loaded += count;
    this.draw();
  }

  showBoxes(objects) {
    this.boxes.clear();
    this.chosen = -1;
    objects.forEach((object, index) => {
      if ([...object.center, ...object.size].some((value) => value === null)) return;
      const geometry = new BoxGeometry(...object.size.map((edge) => Math.max(edge, 0.01)));
      const body = new Mesh(geometry, new MeshBasicMaterial(
        { color: colorOf(index), transparent: true, opacity: 0.12, depthWrite: false }));
      body.position.fromArray(object.center);
      if (!object.orientation.includes(null)) body.quaternion.fromArray(object.orientation);
      body.userData = { index, object };
      // Seen through walls and furniture: what was asked for must not hide.
      const edges = new LineSegments(new EdgesGeometry(geometry), new LineBasicMaterial(
        { color: colorOf(index), depthTest: false, transparent: true }));
      edges.renderOrder = 1;
      body.add(edges);
      this.boxes.add(body);
    });
    this.name();
    this.draw();
  }

  // Names of boxes and robot, over the picture.
  name() {
    const marks = this.boxes.children.map(({ userData: { index, object } }) => ({
      text: object.label,
      place: new Vector3(object.center[0], object.center[1], object.center[2] + object.size[2] / 2),
      color: cssColorOf(index),
      chosen: index === this.chosen,
    })).filter((mark) => mark.text);
    if (this.robot.visible) {
      marks.push({ text: this.robotName, place: this.robot.position, color: css(ROBOT), chosen: true });
    }
    this.labels.show(marks);
  }

  // Where the robot is, on the floor below it; null: nobody knows.
  showRobot(place, name) {
    const key = JSON.stringify([place?.position, place?.yaw, name, this.focus[0].z]);
    if (key === this.robotKey) return;
    this.robotKey = key;
    this.robot.visible = place !== null;
    this.robotName = name;
    if (place) {
      const [from, to] = this.focus;
      this.robot.position.set(place.position[0], place.position[1], from.z + 0.03);
      this.robot.rotation.z = place.yaw;
      this.robot.scale.setScalar(Math.max(0.4, 0.03 * Math.max(to.x - from.x, to.y - from.y)));
    }
    this.name();
    this.draw();
  }

  select(index) {
    this.chosen = index;
    this.name();
    for (const body of this.boxes.children) body.material.opacity = body.userData.index === index ? 0.45 : 0.12;
    this.draw();
  }

  showCameras(views, chosen) {
    this.cameras.clear();
    for (const view of views) {
      const at = new Vector3().fromArray(view.position);
      const forward = new Vector3().fromArray(view.forward);
      this.cameras.add(cameraMarker(at, forward, chosen.has(view.id) ? CHOSEN : OTHER));
    }
    this.draw();
  }

  whole() { this.look(new Vector3(-0.55, -0.85, 0.75)); }

  fromAbove() { this.look(new Vector3(0, -0.001, 1)); }

  // From where a keyframe was taken.
  through(view) {
    this.camera.position.fromArray(view.position);
    this.controls.target.fromArray(view.forward).multiplyScalar(1.5).add(this.camera.position);
    this.controls.update();
    this.moved();
  }

  look(direction) {
    const center = new Vector3().addVectors(...this.focus).multiplyScalar(0.5);
    const size = new Vector3().subVectors(this.focus[1], this.focus[0]);
    // All eight corners inside the picture, from this direction.
    const toward = direction.clone().normalize();
    const right = new Vector3().crossVectors(this.camera.up, toward).normalize();
    const upward = new Vector3().crossVectors(toward, right);
    const tangent = Math.tan((this.camera.fov * Math.PI) / 360);
    let distance = 0.5;
    for (let corner = 0; corner < 8; corner++) {
      const arm = new Vector3(
        (corner & 1 ? 0.5 : -0.5) * size.x, (corner & 2 ? 0.5 : -0.5) * size.y, (corner & 4 ? 0.5 : -0.5) * size.z);
      const across = Math.max(
        Math.abs(arm.dot(upward)) / tangent, Math.abs(arm.dot(right)) / (tangent * this.camera.aspect));
      distance = Math.max(distance, across * 1.08 + arm.dot(toward));
    }
    this.controls.target.copy(center);
    this.camera.position.copy(center).addScaledVector(toward, distance);
    this.controls.update();
    this.moved();
  }

  moved() {
    clearTimeout(this.rest); // set again behind the frame, however long that takes
    this.moving = true;
    this.draw();
  }

  draw() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame((now) => {
      this.pending = false;
      if (this.cloud) {
        if (this.moving && this.lastFrame && now - this.lastFrame < PAUSE_MS) this.adapt(now - this.lastFrame);
        this.lastFrame = this.moving ? now : 0;
        this.drawn = Math.min(this.loaded, this.moving ? this.budget : this.total);
        this.cloud.geometry.setDrawRange(0, this.drawn);
        // three.js takes half the height of the picture for its focal length; fewer points are larger
        const fewer = Math.min(2.5, Math.sqrt(this.total / Math.max(this.drawn, 1)));
        this.cloud.material.size = (POINT_M * fewer) / Math.tan((this.camera.fov * Math.PI) / 360);
      }
      this.cut();
      this.renderer.render(this.scene, this.camera);
      this.labels.place(this.camera, this.canvas.clientWidth, this.canvas.clientHeight);
      if (this.moving) this.rest = setTimeout(() => { this.moving = false; this.draw(); }, STILL_MS);
    });
  }

  // A ceiling would hide everything from above: straight down, nothing nearer than it is drawn.
  cut() {
    const down = this.camera.getWorldDirection(new Vector3()).z < -0.999;
    const above = this.camera.position.z - this.focus[0].z - CEILING_M;
    const near = down ? Math.max(0.05, above) : 0.05;
    if (near === this.camera.near) return;
    this.camera.near = near;
    this.camera.updateProjectionMatrix();
  }

  adapt(elapsed) {
    if (elapsed > SLOW_MS) this.budget = Math.max(FEWEST_POINTS, this.budget * 0.7);
    else if (elapsed < FAST_MS) this.budget = Math.min(this.total, this.budget * 1.15);
    this.budget = Math.round(this.budget);
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width || !height) return;
    this.renderer.setSize(width, height, false);
    this.camera.aspect = width / height;
    this.camera.updateProjectionMatrix();
    this.draw();
  }

  clicked(event) {
    if (!this.down || Math.hypot(event.clientX - this.down[0], event.clientY - this.down[1]) > 5) return;
    const box = this.canvas.getBoundingClientRect();
    const at = new Vector2(
      ((event.clientX - box.left) / box.width) * 2 - 1, 1 - ((event.clientY - box.top) / box.height) * 2);
    const ray = new Raycaster();
    ray.setFromCamera(at, this.camera);
    const bodies = ray.intersectObjects(this.boxes.children, false);
    if (bodies.length) {
      // of boxes within each other the smallest is meant
      const volume = ({ object }) => object.userData.object.size.reduce((a, b) => a * b);
      bodies.sort((a, b) => volume(a) - volume(b));
      this.onObject(bodies[0].object.userData.index);
      return;
    }
    const where = this.cloud && this.nearest(ray.ray);
    if (where) this.onPoint(where);
  }

  // The point of the cloud that a ray meets first, within 3 cm; metres.
  nearest(ray) {
    const array = this.cloud.geometry.attributes.position.array;
    const scale = this.cloud.scale.clone().divideScalar(65535);
    const { origin, direction } = ray;
    let best = Infinity, found = null;
    for (let i = 0; i < this.loaded * 3; i += 3) {
      const x = array[i] * scale.x + this.low.x - origin.x;
      const y = array[i + 1] * scale.y + this.low.y - origin.y;
      const z = array[i + 2] * scale.z + this.low.z - origin.z;
      const along = x * direction.x + y * direction.y + z * direction.z;
      if (along <= this.camera.near || along >= best) continue;
      if (x * x + y * y + z * z - along * along < 9e-4) {
        best = along;
        found = [x + origin.x, y + origin.y, z + origin.z];
      }
    }
    return found;
  }

  key(event) {
    const arm = new Vector3().subVectors(this.camera.position, this.controls.target);
    const up = new Vector3(0, 0, 1);
    const side = new Vector3().crossVectors(up, arm).normalize();
    const pitch = Math.asin(Math.max(-1, Math.min(1, arm.z / arm.length())));
    const step = 0.12;
    if (event.key === "ArrowLeft") arm.applyAxisAngle(up, -step);
    else if (event.key === "ArrowRight") arm.applyAxisAngle(up, step);
    else if (event.key === "ArrowUp") { if (pitch < 1.4) arm.applyAxisAngle(side, -step); }
    else if (event.key === "ArrowDown") { if (pitch > -1.4) arm.applyAxisAngle(side, step); }
    else if (event.key === "+" || event.key === "=") arm.multiplyScalar(0.87);
    else if (event.key === "-") arm.multiplyScalar(1.15);
    else if (event.key === "h" || event.key === "H") { this.whole(); return; }
    else return;
    event.preventDefault();
    this.camera.position.copy(this.controls.target).add(arm);
    this.controls.update();
    this.moved();
  }
}
