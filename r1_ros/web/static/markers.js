// What stands for a camera and for the robot in the room.

import {
  BufferGeometry, Group, LineBasicMaterial, LineSegments, Mesh, MeshBasicMaterial, Vector3,
} from "./three.min.js";

export const ROBOT = 0xff4d4d;

// A pyramid from the eye of a camera, 20 cm long; how it was rolled is not told.
export function cameraMarker(at, forward, color) {
  const right = new Vector3().crossVectors(forward, new Vector3(0, 0, 1));
  if (right.lengthSq() < 1e-6) right.set(1, 0, 0);
  right.normalize();
  const up = new Vector3().crossVectors(right, forward);
  const corners = [[-1, -1], [1, -1], [1, 1], [-1, 1]].map(([x, y]) => at.clone()
    .addScaledVector(forward, 0.2).addScaledVector(right, 0.11 * x).addScaledVector(up, 0.08 * y));
  const ends = corners.flatMap((corner, i) => [at, corner, corner, corners[(i + 1) % 4]]);
  const geometry = new BufferGeometry().setFromPoints(ends);
  return new LineSegments(geometry, new LineBasicMaterial({ color }));
}

// An arrow head of length 1 on the floor that points along x; nothing hides it.
export function robotMarker() {
  const outline = [[0.6, 0], [-0.4, 0.38], [-0.18, 0], [-0.4, -0.38]].map(([x, y]) => new Vector3(x, y, 0));
  const [tip, left, notch, right] = outline;
  const body = new Mesh(
    new BufferGeometry().setFromPoints([tip, left, notch, tip, notch, right, tip, notch, left, tip, right, notch]),
    new MeshBasicMaterial({ color: ROBOT, depthTest: false, transparent: true }));
  const edge = new LineSegments(
    new BufferGeometry().setFromPoints(outline.flatMap((p, i) => [p, outline[(i + 1) % 4]])),
    new LineBasicMaterial({ color: 0xffffff, depthTest: false, transparent: true }));
  const marker = new Group();
  marker.add(body, edge);
  body.renderOrder = 2;
  edge.renderOrder = 3;
  return marker;
}
