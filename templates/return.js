(() => {
"use strict";
const FIRST = 5, MOST = 60, UNSURE = [2, 5], AGAIN = [20, 60];
const box = document.querySelector(".return"), say = box.dataset;
const [news, clock] = box.querySelectorAll(".return-line");
const [open, toggle] = box.querySelectorAll(".button");
const countdown = document.querySelector(".countdown"), time = document.querySelector(".until time");
const language = document.documentElement.lang;
const [visit] = performance.getEntriesByType("navigation");
const reopened = visit && visit.type === "reload";
let running = true, going = false, wasDown = false, misses = 0, turn = 0;
let timer, at = 0, line = "";

const between = ([least, most]) => least + Math.random() * (most - least);
const amount = (number, unit) => new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" }).format(number);
const tell = (text) => { if (news.textContent !== text) news.textContent = text; };
const left = () => Math.max(0, Math.ceil((at - performance.now()) / 1000));

function show() {
  clock.hidden = !running || !line;
  if (!clock.hidden) clock.textContent = line.replace("{}", amount(left(), "second"));
  const ends = countdown && Date.parse(time.dateTime);
  const rest = Math.ceil((ends - Date.now()) / 1000);
  if (rest > 0) {
    const parts = [[rest / 86400, "day"], [rest / 3600 % 24, "hour"], [rest / 60 % 60, "minute"], [rest % 60, "second"]]
      .map(([number, unit]) => [Math.floor(number), unit]);
    const from = parts.findIndex(([number]) => number > 0);
    const two = parts.slice(from, from + 2).map((part) => amount(...part));
    countdown.lastElementChild.textContent = new Intl.ListFormat(language, { type: "unit", style: "short" }).format(two);
  }
  if (countdown) countdown.hidden = !(rest > 0);
}

function plan(action, seconds, text) {
  clearTimeout(timer);
  at = performance.now() + seconds * 1000;
  line = text;
  timer = setTimeout(action, seconds * 1000);
  show();
}

function pause() {
  clearTimeout(timer);
  turn += 1;
  line = "";
  show();
}

const lookWithin = (seconds) => plan(look, 0.3 + Math.random() * seconds, say.next);

async function look() {
  const mine = ++turn;
  plan(() => {}, 0, say.looking);
  let answer;
  try {
    const response = await fetch("/.intermission/status", { cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(10000) });
    answer = await response.json();
  } catch {}
  if (mine !== turn) return;
  if (!answer || !(answer.wait >= 0)) {
    misses += 1;
    return lookWithin(Math.min(MOST, FIRST * 2 ** misses));
  }
  misses = 0;
  const { state, wait } = answer;
  const isTurn = state === "up" || state === "returning" || state === "trial" && (wasDown || !reopened);
  if (isTurn) return goBack(state, wait);
  wasDown = true;
  lookWithin(Math.min(MOST, Math.max(1, wait)));
}

function goBack(state, wait) {
  if (say.sent) {
    if (state === "trial") return lookWithin(FIRST);
    pause();
    tell(say.sent);
    going = toggle.hidden = true;
    open.hidden = false;
    return;
  }
  going = true;
  if (!wasDown && reopened) wait += between(AGAIN);
  else if (!wasDown && state === "up") wait += between(UNSURE);
  if (1 > wait) {
    tell(say.back);
    plan(() => location.reload(), wait, "");
  } else {
    plan(() => { tell(say.back); location.reload(); }, wait, say.soon);
  }
}

function start() {
  running = true;
  toggle.textContent = say.stop;
  if (!say.sent) tell(say.promise);
  if (!document.hidden) lookWithin(FIRST);
}

toggle.hidden = false;
toggle.onclick = () => {
  if (!running) return start();
  running = going = false;
  toggle.textContent = say.resume;
  pause();
  tell(say.stopped);
};
open.onclick = (event) => {
  event.preventDefault();
  if (say.sent) history.back();
  else location.reload();
};
document.addEventListener("visibilitychange", () => {
  if (!running || going) return;
  if (document.hidden) pause();
  else lookWithin(2);
});
addEventListener("pageshow", ({ persisted }) => { if (persisted && running) { going = false; lookWithin(2); } });

if (countdown) {
  time.textContent = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "short" }).format(new Date(time.dateTime));
}
setInterval(show, 1000);
start();
})();
