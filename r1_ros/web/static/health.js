// What the nodes report: in a line above, all of it in the list.

import { $, make } from "./dom.js";
import { say, t } from "./words.js";

const WORST = ["ok", "stale", "warning", "error"];
let told = ""; // to those who hear the page

export function showHealth(health) {
  const worst = health.reduce((w, s) => Math.max(w, WORST.indexOf(s.level)), 0);
  const word = health.length ? WORST[worst] : "no node has reported yet";
  say($("health-word"), t(word));
  $("health-word").className = health.length ? word : "stale";
  const nodes = [...new Set(health.map((status) => status.name.split(":")[0]))].join(", ");
  const first = health.find((status) => status.level === word);
  summarize(!first || word === "ok" ? `${nodes} ${t(word)}`.trim() : `${t(word)}: ${first.name}: ${first.message}`);
  if (!$("health").open) return;
  $("health-list").replaceChildren(...health.map((status) => make("li", {},
    make("span", { className: `level ${status.level}`, textContent: t(status.level) }), ` ${status.name}: ${status.message}`)));
}

export function summarize(words) {
  say($("summary"), words);
  $("summary").title = words;
  const shape = words.replace(/\d+/g, ""); // seconds that count up are no news
  if (shape === told) return;
  told = shape;
  $("news").textContent = words;
}
