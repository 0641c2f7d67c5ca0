// Looks for a new status, and reloads the page when there is one. The page works
// without it. Nothing is polled while the page is hidden; 404 and 410 end it.
"use strict";
(() => {
  const card = document.querySelector("[data-nv-poll]");
  if (!card || !window.fetch) return;
  const { nvPoll: url, nvStatus: known, nvLeft: left, nvSoon: soon } = card.dataset;
  const shortest = Math.max(Number(card.dataset.nvSeconds) || 3, 1) * 1000;
  const longest = 15000;
  const lastMinute = 59; // seconds
  let pause = shortest;
  let timer = 0;
  let asking = false;
  let over = false;

  const plan = (milliseconds) => {
    window.clearTimeout(timer);
    if (!over && !document.hidden) timer = window.setTimeout(ask, milliseconds);
  };

  // In the live region, while there is still time to act on it (WCAG 2.2.1).
  const warn = () => {
    const line = document.createElement("p");
    line.textContent = soon;
    if (!over) card.querySelector("[role=status]").append(line);
  };

  const read = async (response) => {
    if ([401, 403, 404, 410].includes(response.status)) {
      over = true;
    } else if (response.ok) {
      const { status } = await response.json();
      if (status && status !== known) {
        over = true;
        window.location.replace(url);
      }
      pause = shortest;
    } else {
      const wait = Number(response.headers.get("Retry-After")) * 1000;
      pause = Math.max(wait || 0, Math.min(pause * 2, longest));
    }
  };

  const ask = async () => {
    if (asking || over) return;
    asking = true;
    try {
      await read(
        await fetch(url, {
          headers: { Accept: "application/json" },
          credentials: "same-origin",
          cache: "no-store",
          redirect: "error",
        }),
      );
    } catch {
      // No network for a while is what turning Wi-Fi off looks like.
      pause = Math.min(pause * 2, longest);
    } finally {
      asking = false;
      plan(pause);
    }
  };

  document.addEventListener("visibilitychange", () => plan(0));
  window.addEventListener("pageshow", (event) => event.persisted && plan(0));
  if (left) window.setTimeout(warn, Math.max(Number(left) - lastMinute, 1) * 1000);
  plan(shortest);
})();
