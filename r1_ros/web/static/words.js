// The page's own words. English is what stands in the code; Chinese is looked up by it.
// What nodes say (errors, health) comes as they say it.

import { $ } from "./dom.js";

const CHINESE = {
  "Skip to the question": "跳到問題",
  "connecting …": "連線中……",
  "not connected": "沒有連線",
  "Stop the robot": "停下機器人",
  "stopping": "正在停下",
  "plan_executor is not there": "plan_executor 不在線上",
  "Map of the room": "房間地圖",
  "The room in 3D. Arrow keys turn, plus and minus zoom, H shows all. Objects are also in the list beside.":
    "房間的 3D 畫面。方向鍵旋轉，加號和減號縮放，H 顯示全部。物件也列在旁邊。",
  "Whole room": "整個房間",
  "From above": "俯視",
  "{0} of {1} points": "{0}／{1} 點",
  "no map: {0}": "沒有地圖：{0}",
  "robot": "機器人",
  "Robot at {0}, {1} m, facing {2}°": "機器人在 {0}, {1} 公尺，朝向 {2}°",
  "Simulated robot at {0}, {1} m, facing {2}°": "模擬機器人在 {0}, {1} 公尺，朝向 {2}°",
  "{0}; {1} s ago": "{0}；{1} 秒前",
  "Where the robot is, is unknown: {0}": "不知道機器人在哪裡：{0}",
  "No 3D in this browser ({0}). Objects are in the list.": "此瀏覽器無法顯示 3D（{0}）。物件在清單裡。",
  "Questions, answers and plans": "提問、回答與計劃",
  "Dialogue": "對話",
  "About:": "關於：",
  "Ask about the whole room again": "改問整個房間",
  "the point {0} m": "點 {0} 公尺",
  "Question or goal, in English or Chinese": "問題或目標，中文或英文",
  "How many chairs are there?": "有幾把椅子？",
  "Ask": "提問",
  "Plan": "計劃",
  "Stop answering": "停止回答",
  "stopped": "已停止",
  "the robot said nothing": "機器人沒有回應",
  "Thinking": "思考過程",
  "not trained: this answer means nothing": "模型未經訓練：這個回答沒有意義",
  "Not readable: {0}": "無法解讀：{0}",
  "Approve and carry out": "同意並執行",
  "Reject": "拒絕",
  "approved": "已同意",
  "rejected; nothing moved": "已拒絕；什麼都沒有動",
  "Nothing moves before you approve.": "您同意之前，什麼都不會動。",
  "A plan of somebody else waits for approval.": "別人的計劃正在等待同意。",
  "(not seen yet)": "（還沒看到）",
  "step {0} of {1}: {2}": "第 {0} 步，共 {1} 步：{2}",
  "done: {0} steps": "完成：{0} 步",
  "done": "完成",
  "failed": "失敗",
  "Objects of the last answer": "上一個回答裡的物件",
  "none yet": "還沒有",
  "none": "沒有",
  "object": "物件",
  "Health:": "狀態：",
  "unknown": "未知",
  "ok": "正常",
  "stale": "無訊號",
  "warning": "警告",
  "error": "錯誤",
  "no node has reported yet": "還沒有節點回報",
  "Keyframes": "關鍵影格",
  "Keyframe {0}": "影格 {0}",
  "Ask, and those that the model is shown come first.": "提問之後，給模型看的影格排在前面。",
  "Chosen for “{0}”, best first": "為「{0}」選出，最好的在前",
  "What the numbers mean": "數字的意思",
  "Utility U weighs how the question fits the points that a view sees (text), how its picture fits them (image), and how the question fits its picture (CLIP). Each view adds part of the room.":
    "效用 U 衡量問題與影格所見點的相符程度（文字）、影像與這些點的相符程度（影像），以及問題與影像的相符程度（CLIP）。每個影格增添房間的一部分。",
  "text {0} · image {1} · CLIP {2}": "文字 {0} · 影像 {1} · CLIP {2}",
  "adds {0} % of the room": "增添房間的 {0} %",
  "not shown to the model": "沒有給模型看",
  "none: the map has no images": "沒有：地圖裡沒有影像",
};

const kept = localStorage.getItem("r1-language");
let chinese = kept ? kept === "zh" : navigator.language.startsWith("zh");

// In the language of the page; {0}, {1} are replaced.
export function t(text, ...values) {
  const words = chinese ? CHINESE[text] ?? text : text;
  return words.replace(/\{(\d)\}/g, (_, at) => values[at]);
}

const written = new Map(); // element -> English, as it stands in the page

export function translatePage() {
  document.documentElement.lang = chinese ? "zh-Hant" : "en";
  $("language").textContent = chinese ? "English" : "中文";
  $("language").lang = chinese ? "en" : "zh-Hant";
  for (const element of document.querySelectorAll("[data-words]")) {
    if (!written.has(element)) written.set(element, element.textContent);
    element.textContent = t(written.get(element));
  }
  for (const element of document.querySelectorAll("body [aria-label]")) {
    if (!written.has(element)) written.set(element, element.getAttribute("aria-label"));
    element.setAttribute("aria-label", t(written.get(element)));
  }
  $("question").placeholder = t("How many chairs are there?");
}

export function otherLanguage() {
  chinese = !chinese;
  localStorage.setItem("r1-language", chinese ? "zh" : "en");
  translatePage();
}

// An element whose words are no longer those of the page: it keeps what it was given.
export function say(element, text) {
  delete element.dataset.words;
  element.textContent = text;
}
