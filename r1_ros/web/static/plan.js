// The plan: of this page, or of somebody else who waits for a yes.

import { post } from "./api.js";
import { $, make } from "./dom.js";
import { t } from "./words.js";

let plan = null; // { id, started } of this page, or { waiting } of somebody else

const call = (step) => `${step.action}(${step.arguments.join(", ")})`;

function stepItem(step) {
  const words = step.assumed ? ` ${t("(not seen yet)")}` : "";
  if (!step.text) return make("li", {}, call(step) + words);
  return make("li", {}, step.text + words, " ", make("code", { textContent: call(step) }));
}

export function offerPlan(id, goal, answer) {
  plan = { id, started: false };
  showPlan(goal, answer.steps.map(stepItem), answer.language);
  $("plan-state").textContent = t("Nothing moves before you approve.");
  $("approve").focus();
}

function showPlan(title, items, language) {
  $("plan").hidden = false;
  $("plan-goal").textContent = title;
  $("steps").lang = language;
  $("steps").replaceChildren(...items);
  $("approve").hidden = $("reject").hidden = false;
  $("approve").disabled = $("reject").disabled = false;
}

export async function decide(yes) {
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
    $("plan-state").textContent = yes ? t("approved") : t("rejected; nothing moved");
    if (!yes && !decided.waiting) plan = null;
  } catch (error) {
    $("plan-state").textContent = error.message;
  }
}

export function followPlan({ execution, outcome }) {
  if (execution.waiting && !(plan?.started) && plan?.waiting !== execution.plan_id) {
    // somebody else's, an agent's perhaps: a person decides here
    plan = { waiting: execution.plan_id, started: false };
    const list = execution.status.replace(/^[^:]*: /, "").split(/, (?=\w+\()/);
    showPlan(t("A plan of somebody else waits for approval."), list.map((text) => make("li", {}, text)), "");
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
      ? (outcome.error ?? t("done: {0} steps", outcome.steps_done))
      : t(execution.ended);
    $("approve").hidden = $("reject").hidden = true;
    plan = null;
  } else if (at) {
    $("plan-state").textContent = t("step {0} of {1}: {2}", at, steps.length, execution.status);
  }
}
