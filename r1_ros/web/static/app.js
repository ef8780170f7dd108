// The page. Every text of the robot enters as textContent: words from a room are never markup.

import { ApiError, blob, bytes, get, lines, post } from "./api.js";
import { Room, colorOf } from "./room.js";

const $ = (id) => document.getElementById(id);
const session = `web-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;
const CHUNK = 200000;
const POLL_MS = 500, SCENE_MS = 5000;

let room = null;
let scene = null; // /api/scene
let objects = []; // of the last answer
let target = null; // { object_id } or { point }: what the next question is about
let chosenViews = new Map(); // id -> scores
let plan = null; // { id, steps, started } of this page, or { waiting } of somebody else
let answering = null; // AbortController

const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};

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
  room.begin(news.low, news.high, news.points);
  if (first) room.whole();
  for (let start = 0; start < news.points; start += CHUNK) {
    const chunk = await bytes(`/api/points/${news.revision}?start=${start}&count=${CHUNK}`);
    if (scene !== news) return; // a newer map is being loaded
    room.add(chunk);
    $("points").textContent = `${room.loaded.toLocaleString("en")} of ${news.points.toLocaleString("en")} points`;
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
  const order = [...scene.views].sort(
    (a, b) => (chosenViews.get(b.id)?.utility ?? -1) - (chosenViews.get(a.id)?.utility ?? -1));
  $("views").replaceChildren(...order.map((view) => {
    const scores = chosenViews.get(view.id);
    const image = make("img", { alt: "", loading: "lazy" });
    const why = scores
      ? `U ${scores.utility.toFixed(2)}: text ${scores.text_3d.toFixed(2)}, image ${scores.image_3d.toFixed(2)}, ` +
        `CLIP ${scores.clip.toFixed(2)}; adds ${Math.round(scores.coverage * 100)} % of the room`
      : "not shown to the model";
    const button = make("button", { type: "button", className: scores ? "chosen" : "" }, image,
      make("strong", { textContent: `Keyframe ${view.id}` }), make("br"), why);
    button.addEventListener("click", () => room?.through(view));
    picture(image, view.id);
    return make("li", {}, button);
  }));
  if (!order.length) $("views").replaceChildren(make("li", { className: "quiet", textContent: "none: the map has no images" }));
  room?.showCameras(scene.views, chosenViews);
}

async function showReasons(question) {
  const scores = await post("/api/reasons", { question });
  chosenViews = new Map(scores.map((score) => [score.id, score]));
  $("views-why").textContent =
    `Chosen for “${question}”, best first: U weighs how the question fits the points that a view sees (text), ` +
    "how its picture fits them (image), and how the question fits its picture (CLIP); each adds part of the room.";
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
    mark.style.color = `#${colorOf(index).toString(16).padStart(6, "0")}`;
    const size = object.size.map((edge) => edge?.toFixed(2) ?? "?").join(" × ");
    const button = make("button", { type: "button", ariaPressed: "false" }, mark,
      make("strong", { textContent: object.label || "object" }), ` ${size} m`);
    if (object.description) button.append(make("br"), object.description);
    button.addEventListener("click", () => aboutObject(index));
    return make("li", {}, button);
  }));
  if (!list.length) $("objects").replaceChildren(make("li", { className: "quiet", textContent: "none" }));
}

function about(name, news, index) {
  target = news;
  $("about").hidden = !news;
  $("about-name").textContent = name;
  room?.select(index);
  [...$("objects").querySelectorAll("button")].forEach((b, i) => { b.ariaPressed = String(i === index); });
  $("question").focus();
}

const aboutObject = (index) => about(objects[index].label || "object", { object_id: objects[index].id }, index);
const aboutPoint = (point) => about(
  `the point ${point.map((value) => value.toFixed(2)).join(", ")} m`, { point }, -1);

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
    else showFailure(text, stage, result?.error ?? "the robot said nothing");
  } catch (error) {
    showFailure(text, stage, error.name === "AbortError" ? "stopped" : error.message);
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
    (answer.trained ? "" : " · not trained: this answer means nothing");
  if (answer.thinking) {
    turn.append(make("details", { className: "thinking" },
      make("summary", { textContent: "Thinking" }),
      make("p", { textContent: answer.thinking, lang: answer.language })));
  }
  if (answer.unread.length) {
    turn.append(make("p", { className: "quiet", textContent: `Not readable: ${answer.unread.join(" · ")}` }));
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
  plan = { id: result.plan_id, goal, steps: result.answer.steps, started: false };
  showPlan(goal, plan.steps.map(stepWords), result.answer.language);
  $("plan-state").textContent = "Nothing moves before you approve.";
  $("approve").focus();
}

// --- plans ---

const stepWords = (step) =>
  `${step.action}(${step.arguments.join(", ")})` + (step.text ? `: ${step.text}` : "") + (step.assumed ? " (not seen yet)" : "");

function showPlan(title, words, language = "") {
  $("plan").hidden = false;
  $("plan-goal").textContent = title;
  $("steps").lang = language;
  $("steps").replaceChildren(...words.map((text) => make("li", { textContent: text })));
  $("approve").hidden = $("reject").hidden = false;
  $("approve").disabled = $("reject").disabled = false;
}

async function decide(yes) {
  const decided = plan;
  $("approve").disabled = $("reject").disabled = true;
  try {
    if (decided.waiting) {
      await post("/api/approve", { plan_id: decided.waiting, approve: yes, reason: yes ? "" : "rejected on the page" });
    } else if (yes) {
      decided.started = true;
      await post("/api/carry_out", { plan_id: decided.id });
    }
    $("approve").hidden = $("reject").hidden = true;
    $("plan-state").textContent = yes ? "approved" : "rejected; nothing moved";
    if (!yes && !decided.waiting) plan = null;
  } catch (error) {
    $("plan-state").textContent = error.message;
  }
}

function followPlan({ execution, outcome }) {
  if (execution.waiting && !(plan?.started) && plan?.waiting !== execution.plan_id) {
    // somebody else's, an agent's perhaps: a person decides here
    plan = { waiting: execution.plan_id, started: false };
    const list = execution.status.replace(/^[^:]*: /, "").split(/, (?=\w+\()/);
    showPlan("A plan of somebody else waits for approval.", list);
  }
  if (!plan || (plan.id && outcome.plan !== plan.id && !plan.waiting)) return;
  const steps = [...$("steps").children];
  const mine = plan.started || plan.waiting === execution.plan_id;
  if (!mine) return;
  const done = execution.steps_done ?? 0, at = execution.step?.index ?? 0;
  const over = plan.id ? outcome.running === false : Boolean(execution.ended);
  const failed = plan.id ? Boolean(outcome.error) : execution.ended === "failed";
  if (execution.waiting && !over) return;
  const finished = over && plan.id ? outcome.steps_done : over && !failed && execution.ended === "done" ? steps.length : done;
  steps.forEach((item, index) => {
    item.dataset.state = index < finished ? "done" : index === at - 1 ? (over && failed ? "failed" : over ? "" : "running") : "";
    if (item.dataset.state === "running") item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  });
  if (over) {
    $("plan-state").textContent = plan.id
      ? (outcome.error ?? `done: ${outcome.steps_done} steps`)
      : execution.ended;
    $("approve").hidden = $("reject").hidden = true;
    plan = null;
  } else if (at) {
    $("plan-state").textContent = `step ${at} of ${steps.length}: ${execution.status}`;
  }
}

// --- health ---

const WORST = ["ok", "stale", "warning", "error"];

function showHealth(health) {
  const worst = health.reduce((w, s) => Math.max(w, WORST.indexOf(s.level)), 0);
  const nodes = new Set(health.map((status) => status.name.split(":")[0]));
  const word = health.length ? WORST[worst] : "no node has reported yet";
  $("health-word").textContent = word;
  $("health-word").className = health.length ? WORST[worst] : "stale";
  const first = health.find((status) => status.level === word);
  $("summary").textContent = !health.length || word === "ok"
    ? `${[...nodes].join(", ")} ${word}` : `${word}: ${first.name}: ${first.message}`;
  if (!$("health").open) return;
  $("health-list").replaceChildren(...health.map((status) => make("li", {},
    make("span", { className: `level ${status.level}`, textContent: status.level }), ` ${status.name}: ${status.message}`)));
}

async function poll() {
  try {
    const state = await get("/api/state");
    showHealth(state.health);
    followPlan(state);
    if ($("trouble").dataset.from === "poll") { trouble(""); $("trouble").dataset.from = ""; }
  } catch (error) {
    $("summary").textContent = "not connected";
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
    if (error.status !== 404) $("points").textContent = `no map: ${error.message}`;
    if (error.status === 401) return;
  }
  // a large map that changes all the time must not fill the network
  setTimeout(followScene, Math.max(SCENE_MS, 4 * (performance.now() - begin)));
}

// --- start ---

try {
  room = new Room($("view"), { onObject: aboutObject, onPoint: aboutPoint });
  window.r1Room = room; // for the console and the tests
} catch (error) {
  // three.js says that the browser has no WebGL: everything but the picture works
  $("view").replaceWith(make("p", { className: "quiet", textContent: `No 3D in this browser (${error.message}). Objects are in the list.` }));
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
  ({ stopping }) => { $("summary").textContent = stopping ? "stopping" : "plan_executor is not there"; }, trouble));
$("from-above").addEventListener("click", () => room?.fromAbove());
$("whole").addEventListener("click", () => room?.whole());
$("reload").addEventListener("click", () => { scene = null; loadScene().catch(trouble); });
poll();
followScene();
