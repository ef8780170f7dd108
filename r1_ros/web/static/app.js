// The page. Every text of the robot enters as textContent: words from a room are never markup.

import { ApiError, blob, bytes, get, lines, post } from "./api.js";
import { $, make } from "./dom.js";
import { showHealth, summarize } from "./health.js";
import { decide, followPlan, offerPlan } from "./plan.js";
import { Room, cssColorOf } from "./room.js";
import { otherLanguage, say, t, translatePage } from "./words.js";

const session = `web-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;
const CHUNK = 200000;
const POLL_MS = 500, SCENE_MS = 5000;

let room = null;
let scene = null; // /api/scene
let objects = []; // of the last answer
let asked = ""; // what keyframes were chosen for
let target = null; // { object_id } or { point }: what the next question is about
let chosenViews = new Map(); // id -> scores
let answering = null; // AbortController

function trouble(error) {
  const words = error instanceof ApiError || error instanceof TypeError ? error.message : String(error);
  $("trouble").textContent = words;
  $("trouble").hidden = !words;
}

// --- map ---

async function loadScene() {
  const news = await get("/api/scene");
  if (scene && news.revision === scene.revision) return;
  const first = !scene;
  scene = news;
  showViews();
  if (!room) return;
  room.begin(news.low, news.high, news.focus, news.points);
  if (first) room.whole();
  for (let start = 0; start < news.points; start += CHUNK) {
    const chunk = await bytes(`/api/points/${news.revision}?start=${start}&count=${CHUNK}`);
    if (scene !== news) return; // a newer map is being loaded
    room.add(chunk);
    $("points").textContent = t("{0} of {1} points", room.loaded.toLocaleString("en"), news.points.toLocaleString("en"));
  }
  $("points").dataset.done = news.revision;
}

const pictures = new Map();

async function picture(image, id) {
  const key = `${scene.revision}/${id}`;
  try {
    if (!pictures.has(key)) pictures.set(key, URL.createObjectURL(await blob(`/api/views/${key}.jpg`)));
    image.src = pictures.get(key);
  } catch (error) {
    if (error.status !== 404) trouble(error); // 404: the map has changed; its new views come
  }
}

function showViews() {
  if (asked) say($("views-why"), t("Chosen for “{0}”, best first", asked));
  const order = [...scene.views].sort(
    (a, b) => (chosenViews.get(b.id)?.utility ?? -1) - (chosenViews.get(a.id)?.utility ?? -1));
  $("views").replaceChildren(...order.map((view) => {
    const scores = chosenViews.get(view.id);
    const image = make("img", { alt: "", loading: "lazy" });
    const numbers = scores && ["text_3d", "image_3d", "clip"].map((name) => scores[name].toFixed(2));
    const why = scores
      ? [t("text {0} · image {1} · CLIP {2}", ...numbers), make("br"), t("adds {0} % of the room", Math.round(scores.coverage * 100))]
      : [t("not shown to the model")];
    const title = t("Keyframe {0}", view.id) + (scores ? ` · U ${scores.utility.toFixed(2)}` : "");
    const button = make("button", { type: "button", className: scores ? "chosen" : "" }, image,
      make("strong", { textContent: title }), make("br"), ...why);
    button.addEventListener("click", () => room?.through(view));
    picture(image, view.id);
    return make("li", {}, button);
  }));
  if (!order.length) $("views").replaceChildren(make("li", { className: "quiet", textContent: t("none: the map has no images") }));
  room?.showCameras(scene.views, chosenViews);
}

async function showReasons(question) {
  const scores = await post("/api/reasons", { question });
  chosenViews = new Map(scores.map((score) => [score.id, score]));
  asked = question;
  if (scene) showViews();
}

// --- objects ---

function showObjects(mentioned) {
  // a text may name one object several times
  const list = mentioned.filter((object, at) => mentioned.findIndex((other) => other.id === object.id) === at);
  objects = list;
  room?.showBoxes(list);
  $("objects").replaceChildren(...list.map((object, index) => {
    const mark = make("span", { textContent: "■ ", ariaHidden: "true" });
    mark.style.color = cssColorOf(index);
    const size = object.size.map((edge) => edge?.toFixed(2) ?? "?").join(" × ");
    const button = make("button", { type: "button", ariaPressed: "false" }, mark,
      make("strong", { textContent: object.label || t("object") }), ` ${size} m`);
    if (object.description) button.append(make("br"), object.description);
    button.addEventListener("click", () => aboutObject(index));
    return make("li", {}, button);
  }));
  if (!list.length) $("objects").replaceChildren(make("li", { className: "quiet", textContent: t("none") }));
}

function about(name, news, index) {
  target = news;
  $("about").hidden = !news;
  $("about-name").textContent = name;
  room?.select(index);
  [...$("objects").querySelectorAll("button")].forEach((b, i) => { b.ariaPressed = String(i === index); });
  $("question").focus();
}

const aboutObject = (index) => about(objects[index].label || t("object"), { object_id: objects[index].id }, index);
const aboutPoint = (point) => about(
  t("the point {0} m", point.map((value) => value.toFixed(2)).join(", ")), { point }, -1);

// --- questions ---

async function converse(path, body, title) {
  if (answering) return;
  answering = new AbortController();
  setBusy(true);
  const stage = make("p", { className: "stage" });
  const text = make("p", { className: "said" });
  const turn = make("article", { className: "turn" }, make("p", { className: "asked", textContent: title }), text, stage);
  $("dialogue").append(turn);
  const scroll = () => { $("dialogue").scrollTop = $("dialogue").scrollHeight; };
  let result = null;
  try {
    for await (const line of lines(path, body, answering.signal)) {
      if (line.stage) {
        stage.textContent = `${line.stage} …`;
        text.textContent = readable(line.text);
        if (line.text && !turn.dataset.firstToken) turn.dataset.firstToken = String(performance.timeOrigin + performance.now());
        scroll();
      } else result = line;
    }
    if (result?.answer) showAnswer(turn, text, stage, result.answer);
    else showFailure(text, stage, result?.error ?? t("the robot said nothing"));
  } catch (error) {
    showFailure(text, stage, error.name === "AbortError" ? t("stopped") : error.message);
    result = null;
  } finally {
    answering = null;
    setBusy(false);
    scroll();
  }
  return result;
}

// Of the text so far what is for people; tags and boxes are shown at the end, as boxes.
const readable = (text) => text.replace(/ ?<obj>[^<]*(<\/obj>)?/g, "").replace(/<[^>]*>?/g, " ").trimStart();

function showAnswer(turn, text, stage, answer) {
  text.textContent = answer.answer;
  text.lang = answer.language;
  const seconds = answer.total_seconds?.toFixed(1) ?? "?";
  stage.textContent = `${answer.task}, ${seconds} s, ${answer.model}` +
    (answer.trained ? "" : ` · ${t("not trained: this answer means nothing")}`);
  if (answer.thinking) {
    turn.append(make("details", { className: "thinking" },
      make("summary", { textContent: t("Thinking") }),
      make("p", { textContent: answer.thinking, lang: answer.language })));
  }
  if (answer.unread.length) {
    turn.append(make("p", { className: "quiet", textContent: t("Not readable: {0}", answer.unread.join(" · ")) }));
  }
  showObjects(answer.objects);
  turn.dataset.done = "true";
}

function showFailure(text, stage, words) {
  text.textContent = words;
  text.className = "error";
  stage.textContent = "";
  text.parentElement.dataset.done = "failed";
}

function setBusy(busy) {
  for (const button of $("ask").querySelectorAll("button")) button.disabled = busy && button.id !== "hush";
  $("hush").hidden = !busy;
}

async function ask() {
  const question = $("question").value.trim();
  if (!question || answering) return;
  $("question").value = "";
  const words = target ? `${question} (${$("about-name").textContent})` : question;
  const body = { question, session, ...target };
  about("", null, -1);
  const result = await converse("/api/ask", body, words);
  if (result?.answer) await showReasons(question).catch(trouble);
}

async function makePlan() {
  const goal = $("question").value.trim();
  if (!goal || answering) return;
  $("question").value = "";
  const result = await converse("/api/plan", { goal, session }, goal);
  if (!result?.answer) return;
  offerPlan(result.plan_id, goal, result.answer);
}

// --- state ---

const OLD_S = 3; // then it is said how old

function showRobot(robot) {
  room?.showRobot(robot.unknown ? null : robot, t("robot"));
  if (robot.unknown) {
    $("robot").textContent = t("Where the robot is, is unknown: {0}", robot.unknown);
    return;
  }
  const [x, y] = robot.position.map((value) => value.toFixed(2));
  const degrees = (Math.round((robot.yaw * 180) / Math.PI) + 360) % 360;
  const words = robot.simulated
    ? t("Simulated robot at {0}, {1} m, facing {2}°", x, y, degrees) : t("Robot at {0}, {1} m, facing {2}°", x, y, degrees);
  $("robot").textContent = robot.age_s < OLD_S ? words : t("{0}; {1} s ago", words, Math.round(robot.age_s));
}

async function poll() {
  try {
    const state = await get("/api/state");
    showHealth(state.health);
    followPlan(state);
    showRobot(state.robot);
    if ($("trouble").dataset.from === "poll") { trouble(""); $("trouble").dataset.from = ""; }
  } catch (error) {
    summarize(t("not connected"));
    trouble(error);
    $("trouble").dataset.from = "poll";
    if (error.status === 401) return; // no use to ask again
  }
  setTimeout(poll, POLL_MS);
}

async function followScene() {
  const begin = performance.now();
  try {
    await loadScene();
  } catch (error) {
    if (error.status !== 404) $("points").textContent = t("no map: {0}", error.message);
    if (error.status === 401) return;
  }
  // a large map that changes all the time must not fill the network
  setTimeout(followScene, Math.max(SCENE_MS, 4 * (performance.now() - begin)));
}

// --- start ---

translatePage();
try {
  room = new Room($("view"), $("labels"), { onObject: aboutObject, onPoint: aboutPoint });
  window.r1Room = room; // for the console and the tests
} catch (error) {
  // three.js says that the browser has no WebGL: everything but the picture works
  $("view").replaceWith(make("p", { className: "quiet", textContent: t("No 3D in this browser ({0}). Objects are in the list.", error.message) }));
}
$("ask").addEventListener("submit", (event) => { event.preventDefault(); ask(); });
$("question").addEventListener("keydown", (event) => {
  // Enter asks, unless an input method is composing a Chinese word with it
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); ask(); }
});
$("make-plan").addEventListener("click", makePlan);
$("hush").addEventListener("click", () => answering?.abort());
$("about-clear").addEventListener("click", () => about("", null, -1));
$("approve").addEventListener("click", () => decide(true));
$("reject").addEventListener("click", () => decide(false));
$("stop").addEventListener("click", () => post("/api/stop", {}).then(
  ({ stopping }) => summarize(t(stopping ? "stopping" : "plan_executor is not there")), trouble));
$("from-above").addEventListener("click", () => room?.fromAbove());
$("whole").addEventListener("click", () => room?.whole());
$("language").addEventListener("click", () => {
  otherLanguage();
  if (scene) showViews();
});
poll();
followScene();
