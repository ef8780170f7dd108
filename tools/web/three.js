// What the page takes of three.js (MIT). How r1_ros/web/static/three.min.js is made from it:
//   npm install three@0.187.0 esbuild@0.28.2
//   npx esbuild tools/web/three.js --bundle --minify --format=esm --legal-comments=inline \
//     --outfile=r1_ros/web/static/three.min.js
export {
  BoxGeometry, BufferAttribute, BufferGeometry, Color, ColorManagement, EdgesGeometry,
  Float32BufferAttribute, GridHelper, Group, LineBasicMaterial, LineSegments, Mesh,
  MeshBasicMaterial, PerspectiveCamera, Points, PointsMaterial, Raycaster, Scene, Vector2, Vector3,
  WebGLRenderer,
} from "three";
export { OrbitControls } from "three/examples/jsm/controls/OrbitControls.js";
