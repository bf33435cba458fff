// The page's half of the widget: see _widget.py. Text is set as text, never as HTML.
const SILENT = 15; // seconds without a word from the kernel

function make(kind, name, parent, text) {
  const made = document.createElement(kind);
  if (name) made.className = name;
  if (text !== undefined) made.textContent = text;
  if (parent) parent.append(made);
  return made;
}

function rough(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  if (s >= 2 * 86400) return `${Math.floor(s / 86400)} days`;
  if (s >= 3600) return `${Math.floor(s / 3600)} h`;
  return s >= 60 ? `${Math.floor(s / 60)} min` : `${s} s`;
}

function curve(bytes) {
  if (!bytes || !bytes.byteLength) return "";
  const end = bytes.byteOffset + bytes.byteLength;
  const y = new Float32Array(bytes.buffer.slice(bytes.byteOffset, end));
  let path = "", move = "M";
  for (let i = 0; i < y.length; i++) {
    if (Number.isNaN(y[i])) { move = "M"; continue; }
    path += `${move}${(300 * i / Math.max(1, y.length - 1)).toFixed(1)} ${(58 - 56 * y[i]).toFixed(1)}`;
    move = "L";
  }
  return path;
}

function render({ model, el }) {
  const id = Math.random().toString(36).slice(2);
  const root = make("div", "shmpub-live tex2jax_ignore mathjax_ignore", el);
  const about = make("div", "shmpub-about", root);
  const name = make("b", "", about);
  const badge = make("span", "shmpub-badge", about);
  const facts = make("span", "shmpub-facts", about);
  const why = make("div", "shmpub-why", root);
  const bar = make("div", "shmpub-bar", root);
  const grid = make("table", "", make("div", "shmpub-grid", root));
  const plot = make("div", "shmpub-plot", root);
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 300 60");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.append(line);
  plot.append(svg);
  const range = make("span", "shmpub-facts", plot);

  let heard = performance.now(), confirmed = 0, isQueued = false, isLost = false;

  const tell = (kind) => { try { model.send({ kind, id }); } catch (e) { /* the kernel has gone */ } };
  const ask = (change) => {
    root.classList.add("shmpub-waits"); // until the kernel has answered
    model.set("asked", { ...model.get("asked"), ...change });
    model.save_changes();
  };
  const total = () => model.get("facts").rows || 0;
  const turn = (to) => {
    const page = model.get("asked").page;
    ask({ offset: Math.max(0, Math.min(to, page * Math.floor(Math.max(0, total() - 1) / page))) });
  };
  const button = (text, title, call) => {
    const made = make("button", "", bar, text);
    made.title = title;
    made.onclick = call;
    return made;
  };
  const offset = () => model.get("asked").offset, page = () => model.get("asked").page;
  const pause = button("Pause", "keep this version of the table",
    () => ask({ paused: !model.get("asked").paused }));
  const first = button("«", "first rows", () => turn(0));
  const back = button("‹", "rows before", () => turn(offset() - page()));
  const where = make("span", "shmpub-facts", bar);
  const on = button("›", "rows after", () => turn(offset() + page()));
  const last = button("»", "last rows", () => turn(total()));
  const chosen = make("select", "", bar);
  chosen.title = "column of the chart";
  chosen.onchange = () => ask({ chart: chosen.value });

  function sort(at, title) {
    const old = model.get("asked").order;
    const is = old && old[0] === at && old[2] === title;
    ask({ order: !is ? [at, false, title] : !old[1] ? [at, true, title] : null, offset: 0 });
  }

  function drawAbout() {
    const f = model.get("facts"), silence = (performance.now() - heard) / 1000;
    const isSilent = isLost || silence > SILENT;
    const state = isSilent ? "no kernel" : model.get("asked").paused ? "paused" : f.state || "";
    name.textContent = f.name || "";
    badge.textContent = state.toUpperCase();
    badge.className = `shmpub-badge shmpub-${state.replace(" ", "-")}`;
    const told = [];
    if (f.sequence !== undefined) told.push(`sequence ${f.sequence}`, `${f.rows.toLocaleString()} rows`);
    if (f.age != null) told.push(`data ${rough(f.age + silence)} old`);
    if (model.get("asked").paused && f.newest > f.sequence) told.push(`newest is ${f.newest}`);
    if (f.note) told.push(f.note);
    facts.textContent = told.join(", ");
    why.textContent = isLost ? "The kernel has ended. Run the cell again."
      : isSilent ? `No word from the kernel for ${rough(silence)}.` : f.why || "";
  }

  function drawTable() {
    const t = model.get("table");
    if (!t.head) return;
    grid.replaceChildren();
    const head = make("tr", "", make("thead", "", grid));
    t.head.forEach(([title, isNumber], at) => {
      const by = t.order && t.order[0] === at ? (t.order[1] ? " ▾" : " ▴") : "";
      const th = make("th", isNumber ? "shmpub-number" : "", head, title + by);
      th.title = "sort by this column";
      th.tabIndex = 0;
      th.onclick = () => sort(at, title);
      th.onkeydown = (e) => { if (e.key === "Enter") sort(at, title); };
    });
    const body = make("tbody", "", grid);
    for (const row of t.rows) {
      const tr = make("tr", "", body);
      row.forEach((text, at) => make("td", t.head[at][1] ? "shmpub-number" : "", tr, text));
    }
    const n = total(), to = t.offset + t.rows.length;
    where.textContent = n ? `rows ${(t.offset + 1).toLocaleString()} to ${to.toLocaleString()} of ${n.toLocaleString()}` : "no rows";
    first.disabled = back.disabled = t.offset <= 0;
    on.disabled = last.disabled = to >= n;
    drawChart(t);
  }

  function drawChart(t) {
    const numbers = t.head.filter(([, isNumber]) => isNumber).map(([title]) => title);
    const options = ["", ...numbers];
    if (chosen.options.length !== options.length || options.some((o, i) => chosen.options[i].value !== o)) {
      chosen.replaceChildren(...options.map((o) => {
        const made = make("option", "", null, o || "no chart");
        made.value = o;
        return made;
      }));
    }
    chosen.value = t.charted || "";
    chosen.hidden = !numbers.length;
    plot.hidden = !t.charted;
    line.setAttribute("d", curve(model.get("chart")));
    range.textContent = t.charted && t.range.length ? `${t.charted}: ${t.range[0]} to ${t.range[1]}` : "";
  }

  function draw() {
    isQueued = false;
    root.classList.remove("shmpub-waits");
    pause.textContent = model.get("asked").paused ? "Resume" : "Pause";
    drawAbout();
    drawTable();
  }

  function changed() {
    heard = performance.now();
    isLost = false;
    if (!isQueued) { isQueued = true; requestAnimationFrame(draw); }
    if (heard - confirmed > 2000) { confirmed = heard; tell("seen"); }
  }
  function lost() {
    isLost = true;
    drawAbout();
  }

  model.on("change:facts", changed);
  model.on("comm_live_update", lost); // the kernel has ended, or was restarted
  const timer = setInterval(drawAbout, 1000);
  draw();
  tell("here");
  return () => {
    clearInterval(timer);
    model.off("change:facts", changed);
    model.off("comm_live_update", lost);
    tell("gone");
  };
}

export default { render };
