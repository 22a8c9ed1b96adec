"use strict";
document.documentElement.classList.add("scripted");
const boxes = [...document.querySelectorAll(".box[data-step]")];
const buttons = [...document.querySelectorAll(".list button[data-step]")];
const articles = [...document.querySelectorAll("article")];
const order = articles.map((article) => article.id);
let current = null;

function open(id, focus) {
  current = id;
  for (const article of articles) article.classList.toggle("open", article.id === id);
  for (const button of buttons) {
    const same = button.dataset.step === id;
    if (same) {
      button.setAttribute("aria-current", "true");
      button.scrollIntoView({ block: "nearest" });
    } else button.removeAttribute("aria-current");
  }
  for (const box of boxes) {
    const same = box.dataset.step === id;
    box.classList.toggle("open", same);
    box.setAttribute("aria-pressed", String(same));
    box.setAttribute("tabindex", same ? "0" : "-1");
    if (same) {
      box.scrollIntoView({ block: "nearest", inline: "nearest" });
      if (focus) box.focus({ preventScroll: true });
    }
  }
  if (id === null && boxes.length) boxes[0].setAttribute("tabindex", "0");
}

function move(by) {
  const at = order.indexOf(current);
  const next = at < 0 ? (by > 0 ? 0 : order.length - 1) : at + by;
  open(order[Math.max(0, Math.min(order.length - 1, next))], true);
}

function zoom(factor) {
  for (const svg of document.querySelectorAll(".picture svg")) {
    const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
    const frame = svg.parentElement;
    const whole = Math.min(frame.clientWidth / width, frame.clientHeight / height, 1);
    const now = Number(svg.getAttribute("width")) / width;
    const scale = factor === 0 ? whole : factor === 1 ? 1 : Math.max(0.02, Math.min(4, now * factor));
    svg.setAttribute("width", width * scale);
    svg.setAttribute("height", height * scale);
  }
}

function filter(text) {
  const words = text.toLowerCase().split(/\s+/);
  for (const button of buttons) {
    const said = button.textContent.toLowerCase();
    button.parentElement.hidden = !words.every((word) => said.includes(word));
  }
}

const find = document.querySelector("input");
document.addEventListener("click", (event) => {
  const step = event.target.closest("[data-step]");
  if (step) open(step.dataset.step, step.classList.contains("box"));
  const tool = event.target.closest("[data-zoom]");
  if (tool) zoom(Number(tool.dataset.zoom));
});
find.addEventListener("input", () => filter(find.value));
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target === find) {
    if (event.key === "Escape") find.blur();
    return;
  }
  const keys = {
    ArrowDown: () => move(1), ArrowRight: () => move(1), j: () => move(1),
    ArrowUp: () => move(-1), ArrowLeft: () => move(-1), k: () => move(-1),
    Home: () => open(order[0], true), End: () => open(order[order.length - 1], true),
    Escape: () => open(null), "+": () => zoom(1.25), "-": () => zoom(0.8), 0: () => zoom(0),
    1: () => zoom(1), "/": () => find.focus(),
  };
  const box = event.target.closest(".box[data-step]");
  if (box && (event.key === "Enter" || event.key === " ")) open(box.dataset.step, true);
  else if (keys[event.key]) keys[event.key]();
  else return;
  event.preventDefault();
});
const asked = decodeURIComponent(location.hash.slice(1));
open(order.includes(asked) ? asked : order[0]);
