"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const ROLES = { subject: "Subject", background: "Background", before: "Before", result: "Result" };

  // What a run and its tasks are called may be anything: text goes into the page as text only.
  function element(tag, properties = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (name === "class") made.className = value;
      else if (name.startsWith("aria-")) made.setAttribute(name, value);
      else made[name] = value;
    }
    made.append(...children.filter((one) => one !== null && one !== undefined));
    return made;
  }

  // Not URLSearchParams: Airflow 3.1 hands a run id over as it is, with a plus that is no space.
  function given() {
    const raw = (location.search + location.hash).replace(/^\?/, "");
    const found = {};
    const names = ["dag_id", "run_id", "task", "map_index", "iteration"];
    for (const name of names) {
      const others = names.filter((one) => one !== name).join("|");
      const match = raw.match(new RegExp(`(?:^|&)${name}=(.*?)(?=&(?:${others})=|$)`));
      if (!match) continue;
      let value = match[1];
      try { value = decodeURIComponent(value); } catch { /* as it is */ }
      // On the page of a task that is not mapped, Airflow leaves the placeholder.
      if (!/^\{[A-Z_]+\}$/.test(value)) found[name] = value;
    }
    return found;
  }

  const asked = given();
  const isRun = Boolean(asked.dag_id && asked.run_id);
  let answer = null;
  let offset = 0;
  let latest = 0;

  function theme() {
    let dark = matchMedia("(prefers-color-scheme: dark)").matches;
    try {
      const page = parent.document.documentElement;
      if (page.classList.contains("dark") || page.dataset.theme === "dark") dark = true;
      else if (page.classList.contains("light") || page.dataset.theme === "light") dark = false;
    } catch { /* the page around is not Airflow's */ }
    document.documentElement.dataset.theme = dark ? "dark" : "light";
  }

  function followTheme() {
    theme();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", theme);
    try {
      if (parent !== window) {
        const page = parent.document.documentElement;
        new MutationObserver(theme).observe(page, { attributes: true, attributeFilter: ["class", "data-theme"] });
      }
    } catch { /* as above */ }
  }

  function query(parameters) {
    return Object.entries(parameters)
      .filter(([, value]) => value !== "" && value !== undefined && value !== null)
      .map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
  }

  function pictureUrl(picture, size) {
    return `picture?${query({ dag_id: asked.dag_id, run_id: asked.run_id, id: picture.id, size })}`;
  }

  async function ask(path, parameters) {
    const response = await fetch(`${path}?${query(parameters)}`, { headers: { Accept: "application/json" } });
    if (response.ok) return response.json();
    if (response.status === 401) throw new Error("Nobody is logged in. Log in to Airflow, and open this page again.");
    if (response.status === 403) throw new Error("Your user may not read the XComs of this DAG.");
    if (response.status === 404) throw new Error("There is no such run.");
    if (response.status === 504) throw new Error(String((await response.json()).detail));
    throw new Error(`Airflow answers ${response.status}. Its log says why.`);
  }

  // Results of one subject as one, so that its pictures stand side by side.
  function together(results) {
    const groups = new Map();
    for (const one of results) {
      const subject = one.pictures.find((picture) => picture.role === "subject" && picture.id);
      const key = subject ? subject.id : groups.size;
      groups.set(key, [...(groups.get(key) || []), one]);
    }
    return [...groups.values()].map((all) => (all.length === 1 ? all[0] : joined(all)));
  }

  function joined(all) {
    const subject = all[0].pictures.find((picture) => picture.role === "subject");
    const made = all.flatMap((one) => one.pictures.filter((picture) => picture.role === "result")
      .map((picture) => ({ ...picture, caption: one.name })));
    const worst = ["bad", "wait", "good"].find((tone) => all.some((one) => one.tone === tone));
    return {
      ...all[0], name: all[0].sku || subject.name, tone: worst, state: `${all.length} results`, prompt: "",
      pictures: [subject, ...made], findings: [], code: "", hint: "", members: all,
    };
  }

  function roleOf(result, picture) {
    if (picture.caption) return picture.caption;
    const alike = result.pictures.filter((one) => one.role === picture.role);
    const word = ROLES[picture.role] || picture.role;
    return alike.length > 1 ? `${word} ${alike.indexOf(picture) + 1}` : word;
  }

  function altOf(result, picture) {
    const words = `${roleOf(result, picture)} of ${result.name}`;
    return picture.role === "result" && result.prompt ? `${words}: ${result.prompt}` : words;
  }

  function figure(result, picture) {
    const caption = element("figcaption", {}, roleOf(result, picture));
    if (!picture.id) return element("figure", {}, element("div", { class: "none" }, picture.why_not || "none"), caption);
    const image = element("img", { loading: "lazy", decoding: "async", alt: altOf(result, picture), width: 320, height: 320 });
    const button = element("button", { type: "button", title: picture.name }, image);
    image.addEventListener("error", () => whyNot(button, picture), { once: true });
    image.src = pictureUrl(picture, "thumb");
    button.addEventListener("click", () => view(result, picture));
    return element("figure", {}, button, caption);
  }

  async function whyNot(button, picture) {
    let why = "It cannot be shown";
    try {
      const response = await fetch(pictureUrl(picture, "thumb"));
      if (!response.ok) why = String((await response.json()).detail || why);
    } catch { /* the words above will do */ }
    button.replaceWith(element("div", { class: "none", role: "img" }, why));
  }

  function facts(result) {
    const list = element("dl");
    if (result.members) {
      for (const one of result.members) {
        const words = [one.state, one.code, one.prompt].filter(Boolean).join(" · ");
        list.append(element("dt", {}, one.name), element("dd", {}, words));
      }
      return list;
    }
    const add = (name, value) => {
      if (value !== "" && value !== null && value !== undefined) list.append(element("dt", {}, name), element("dd", {}, String(value)));
    };
    add("Prompt", result.prompt);
    add("Seed", result.seed);
    add("Size", result.size);
    add("Seconds", result.seconds === null ? "" : Math.round(result.seconds * 10) / 10);
    add("Made anew", result.remakes ? `${result.remakes} ×` : "");
    add("Published", result.final);
    add("Decision", result.approval);
    add("Tasks", result.tasks.map((task) => instance(result, task)).join(", "));
    add("TaskId", result.task_id);
    add("RequestId", result.request_id);
    return list;
  }

  function instance(result, task) {
    const turns = task in result.turns ? ` (iteration ${result.turns[task]})` : "";
    return task + turns + (task in result.map_indexes ? ` [${result.map_indexes[task]}]` : "");
  }

  function why(result) {
    const lines = [];
    if (result.code) lines.push(element("p", {}, element("strong", {}, result.code), result.message ? `: ${result.message}` : ""));
    if (result.hint) lines.push(element("p", {}, result.hint));
    const others = result.findings.filter((one) => one.code !== result.code);
    if (others.length) lines.push(element("ul", {}, ...others.map((one) => element("li", {}, `${one.code}: ${one.words}`))));
    if (!lines.length) return null;
    return element("div", { class: `why ${result.code ? result.tone : "wait"}` }, ...lines);
  }

  function card(result) {
    const head = element("div", { class: "head" }, element("h2", {}, result.name), element("span", { class: `state ${result.tone}` }, result.state));
    const pictures = element("div", { class: "pictures" }, ...result.pictures.map((one) => figure(result, one)));
    return element("li", {}, head, pictures, why(result), facts(result));
  }

  function options(select, values, chosen) {
    select.replaceChildren(element("option", { value: "" }, "all"), ...values.map(([value, words]) => element("option", { value }, words)));
    if (chosen && !values.some(([value]) => value === chosen)) select.append(element("option", { value: chosen }, chosen));
    select.value = chosen;
  }

  function show() {
    const { results, total, tasks, states, findings, notes } = answer;
    $("title").textContent = `Pictures of ${asked.dag_id}, ${asked.run_id}`;
    const of = total === results.length ? "" : `, ${offset + 1} to ${offset + results.length} are shown`;
    $("summary").textContent = total ? `${total} ${total === 1 ? "result" : "results"}${of}` : "No results" + (isFiltered() ? " are like this" : " yet");
    $("notes").hidden = !notes.length;
    $("notes").replaceChildren(...notes.map((note) => element("li", {}, note)));
    options($("task"), tasks.map((task) => [task, task]), $("task").value);
    options($("state"), Object.entries(states).map(([word, count]) => [word, `${word} (${count})`]), $("state").value);
    options($("finding"), Object.entries(findings).map(([word, count]) => [word, `${word} (${count})`]), $("finding").value);
    $("filters").hidden = false;
    $("results").replaceChildren(...($("together").value ? together(results) : results).map(card));
    $("pages").hidden = total <= answer.page;
    $("place").textContent = `Page ${Math.floor(offset / answer.page) + 1} of ${Math.ceil(total / answer.page)}`;
    $("before").disabled = offset === 0;
    $("next").disabled = offset + results.length >= total;
  }

  function isFiltered() {
    return ["task", "state", "finding", "text"].some((id) => $(id).value);
  }

  async function load() {
    const number = ++latest;
    const task = $("task").value;
    const parameters = {
      dag_id: asked.dag_id, run_id: asked.run_id, task, state: $("state").value, finding: $("finding").value,
      text: $("text").value, offset,
    };
    if (task && task === asked.task) {
      parameters.map_index = asked.map_index;
      parameters.iteration = asked.iteration;
    }
    try {
      const found = await ask("results", parameters);
      // An answer that was overtaken is of no use, nor is one that says nothing new.
      if (number !== latest) return;
      const isNew = JSON.stringify(found) !== JSON.stringify(answer);
      answer = found;
      if (isNew) show();
    } catch (error) {
      if (number === latest) tell(error.message);
    }
  }

  // A run that is under way has more to show in a moment; nobody wants the page to jump while they look closer.
  function follow() {
    const isOver = answer && ["success", "failed"].includes(answer.state);
    if (!isOver && !viewed && !document.hidden) load();
  }

  function tell(words) {
    // Whatever comes next is shown, also what was there before.
    answer = null;
    $("pages").hidden = true;
    $("summary").textContent = words;
    $("results").replaceChildren();
    $("filters").hidden = true;
  }

  // The viewer: one picture whole, or two on top of each other with a slider.
  let viewed = null;

  function view(result, picture) {
    const shown = result.pictures.filter((one) => one.id);
    viewed = { result, shown };
    $("viewer-title").textContent = result.name;
    for (const id of ["left", "right"]) {
      $(id).replaceChildren(...shown.map((one, index) => element("option", { value: String(index) }, roleOf(result, one))));
    }
    const right = shown.indexOf(picture);
    const subject = shown.findIndex((one) => one.role === "subject");
    const first = shown.findIndex((one) => one.role === "result");
    $("right").value = String(right);
    $("left").value = String(right === subject && first >= 0 ? right : Math.max(subject, 0));
    $("slider").value = right === Number($("left").value) ? 0 : 50;
    draw();
    $("viewer").showModal();
  }

  function draw() {
    const { result, shown } = viewed;
    const left = shown[Number($("left").value)];
    const right = shown[Number($("right").value)];
    put($("under"), result, right);
    put($("over"), result, left);
    $("viewer-words").textContent = [`${roleOf(result, right)}: ${right.name}`, result.prompt].filter(Boolean).join(" · ");
    slide();
  }

  function put(image, result, picture) {
    image.alt = altOf(result, picture);
    // What is kept small is there at once; the whole picture follows.
    image.src = pictureUrl(picture, "page");
    const whole = new Image();
    whole.addEventListener("load", () => { if (viewed && image.alt === altOf(result, picture)) image.src = whole.src; });
    whole.src = pictureUrl(picture, "full");
  }

  function slide() {
    const percent = Number($("slider").value);
    $("over").style.clipPath = `inset(0 ${100 - percent}% 0 0)`;
    $("over").style.visibility = percent === 0 ? "hidden" : "visible";
  }

  function runs(found) {
    $("summary").textContent = found.length ? "The last runs that have had pictures made" : "No run has had pictures made yet";
    const rows = found.map((one) => element("tr", {},
      element("td", {}, element("a", { href: `run?${query({ dag_id: one.dag_id, run_id: one.run_id })}` }, one.dag_id)),
      element("td", {}, one.run_id),
      element("td", {}, one.state),
      element("td", {}, one.began === null ? "" : new Date(one.began * 1000).toLocaleString())));
    const head = element("tr", {}, ...["DAG", "Run", "State", "Began"].map((word) => element("th", { scope: "col" }, word)));
    $("results").replaceWith(element("table", { id: "runs" }, element("thead", {}, head), element("tbody", {}, ...rows)));
  }

  function listen() {
    let waiting = 0;
    const filter = () => { offset = 0; load(); };
    for (const id of ["task", "state", "finding"]) $(id).addEventListener("change", filter);
    $("text").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(filter, 250); });
    $("filters").addEventListener("submit", (event) => { event.preventDefault(); filter(); });
    $("together").addEventListener("change", show);
    $("zoom").addEventListener("input", () => document.documentElement.style.setProperty("--side", `${$("zoom").value}px`));
    $("before").addEventListener("click", () => { offset = Math.max(offset - answer.page, 0); load(); });
    $("next").addEventListener("click", () => { offset += answer.page; load(); });
    for (const id of ["left", "right"]) $(id).addEventListener("change", draw);
    $("slider").addEventListener("input", slide);
    $("close").addEventListener("click", () => $("viewer").close());
    $("viewer").addEventListener("close", () => { viewed = null; $("under").removeAttribute("src"); $("over").removeAttribute("src"); });
  }

  followTheme();
  listen();
  if (isRun) {
    if (asked.task) options($("task"), [[asked.task, asked.task]], asked.task);
    load();
    setInterval(follow, 5000);
  } else {
    ask("runs", {}).then((found) => runs(found.runs), (error) => tell(error.message));
  }
})();
