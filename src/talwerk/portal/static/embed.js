// A measuring point on somebody else's page: as new as the moment in which somebody looks at it again. Nothing changes
// under a reader's eyes, so that nothing has to be paused.

import { fetched, renew } from "./parts.js";

const FRESH_MS = 60_000;
let shown = Date.now();

document.addEventListener("visibilitychange", async () => {
  if (document.hidden || Date.now() - shown < FRESH_MS) return;
  try {
    if (renew(await fetched(location.href)) !== false) shown = Date.now();
  } catch {
    // What is shown carries its time.
  }
});
