// Puts the parts together. One function, refresh, brings everything in line with the filters.
const byId = (id) => document.getElementById(id);
const OPEN_BELOW = 60; // so many ends are shown at once; more begin as namespaces

class Page {
  constructor(data) {
    this.data = data;
    this.filters = new Filters(data);
    const pair = (source, destination) => this.choose(source, destination, true);
    this.details = new Details(data, byId("details"), {
      close: () => this.closeDetails(),
      toggle: (groups) => this.toggle(groups),
      filter: (key, name) => this.filterBy(key, name),
      pair,
    });
    this.matrix = new MatrixView(
      data,
      { scroller: byId("grid"), spacer: byId("spacer"), canvas: byId("canvas"), cursors: [byId("cursor"), byId("cursor-next")], cursorRow: byId("cursor-row") },
      {
        hover: (row, column) => this.hovered(row, column),
        choose: (row, column, byKey) => this.chosen(row, column, byKey),
        toggle: (groups) => this.toggle(groups),
        end: (end) => this.details.end(end, this.survey),
        zoom: (by) => this.zoom(by),
        words: (row, column) => this.words(row, column),
      },
    );
    this.list = new ListView(data, { body: byId("list"), count: byId("list-count"), back: byId("list-back"), on: byId("list-on") }, { pair });
    this.#head();
    this.#listen();
    this.filters.read(location.hash);
    this.refresh(true);
    window.addEventListener("hashchange", () => {
      if (location.hash.replace(/^#/, "") === this.filters.hash()) return;
      this.filters.read(location.hash);
      this.refresh(true);
    });
  }

  #head() {
    const { raw, size, groups, states } = this.data;
    const spaces = groups.filter((group) => group.sort === 0).length;
    const pods = this.data.pods.filter((count) => count > 0).length;
    byId("title").textContent = states.length > 1 ? "diff" : "map";
    byId("summary").textContent = `${counted(pods, "workload", "workloads")} in ${counted(spaces, "namespace", "namespaces")}, ${counted(size - pods, "other end", "other ends")} · ${raw.layers.join(", ")} ${raw.layers.length > 1 ? "layers" : "layer"}`;
    if (this.data.difference) byId("summary").prepend(element("b", {}, this.data.difference.verdict), " · ");
    byId("facts").textContent = `profile ${raw.profile[0]} (${raw.profile[1]})`;
    if (raw.partial || raw.problemCount) {
      const items = raw.problems.map(([place, severity, message, hint]) => element("li", {}, element("code", {}, place), ` ${severity}: ${message}`, hint ? ` (${hint})` : ""));
      if (raw.problemCount > raw.problems.length) items.push(element("li", {}, `and ${raw.problemCount - raw.problems.length} more`));
      const words = raw.partial ? "Some of the input could not be read: this page speaks of the rest." : "The input has problems.";
      byId("warnings").append(element("details", {}, element("summary", {}, `${words} ${counted(raw.problemCount, "problem", "problems")}`), element("ul", {}, items)));
      byId("warnings").hidden = false;
    }
    if (raw.notices.length) byId("facts").append(` · ${raw.notices.join(" · ")}`);
    if (this.data.layered) {
      this.#switch("layers", LAYER_VIEWS, (key) => this.set({ layer: key, hidden: new Set() }));
      this.#switch("colours", COLOUR_VIEWS, (key) => this.set({ colour: key, hidden: new Set() }));
      byId("layer-keys").hidden = false;
    }
    if (states.length > 1) {
      const box = byId("states");
      for (const [show, word] of [["change", "Difference"], [0, states[0].label], [1, states[1].label]]) {
        const button = element("button", { type: "button", on: { click: () => this.set({ show, hidden: new Set() }) } }, word);
        button.show = show;
        box.append(button);
      }
      box.hidden = false;
    }
  }

  #switch(id, views, choose) {
    for (const view of views) {
      const button = element("button", { type: "button", title: view.title, on: { click: () => choose(view.key) } }, view.word);
      button.show = view.key;
      byId(id).append(button);
    }
    byId(id).hidden = false;
  }

  // The view after the one that is shown.
  #next(views, key) {
    return views[(views.findIndex((view) => view.key === key) + 1) % views.length].key;
  }

  #listen() {
    for (const key of ["with", "from", "to", "port"]) {
      byId(`filter-${key}`).addEventListener("input", (event) => {
        this.filters[key] = event.target.value;
        clearTimeout(this.typing);
        this.typing = setTimeout(() => this.refresh(), 120);
      });
    }
    byId("filters").addEventListener("submit", (event) => {
      event.preventDefault();
      clearTimeout(this.typing);
      this.refresh();
    });
    const click = (id, action) => byId(id).addEventListener("click", action);
    click("clear", () => this.set({ with: "", from: "", to: "", port: "", hidden: new Set() }, true));
    click("expand", () => this.set({ open: "all" }));
    click("collapse", () => this.set({ open: new Set() }));
    click("zoom-in", () => this.zoom(1));
    click("zoom-out", () => this.zoom(-1));
    click("zoom-fit", () => this.zoom(0));
    click("view-matrix", () => this.set({ list: false }));
    click("view-list", () => this.set({ list: true }));
    click("theme", () => this.set({ theme: this.dark ? "light" : "dark" }));
    click("help-open", () => byId("help").showModal());
    click("help-close", () => byId("help").close());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.refresh());
    document.addEventListener("keydown", (event) => this.#key(event));
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || byId("help").open) return;
    if (event.key === "Escape" && !byId("details").hidden) {
      event.preventDefault();
      this.closeDetails();
      return;
    }
    if (event.target instanceof HTMLInputElement) return;
    const actions = {
      "/": () => byId("filter-with").focus(),
      "?": () => byId("help").showModal(),
      t: () => this.set({ list: !this.filters.list }),
      e: () => this.set({ open: "all" }),
      c: () => this.set({ open: new Set() }),
      "+": () => this.zoom(1),
      "=": () => this.zoom(1),
      "-": () => this.zoom(-1),
      0: () => this.zoom(0),
    };
    if (this.data.layered) {
      actions.m = () => this.set({ layer: this.#next(LAYER_VIEWS, this.filters.layer), hidden: new Set() });
      actions.i = () => this.set({ colour: this.#next(COLOUR_VIEWS, this.filters.colour), hidden: new Set() });
    }
    if (!actions[event.key]) return;
    event.preventDefault();
    actions[event.key]();
  }

  get dark() {
    return this.filters.theme ? this.filters.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  }

  set(changes, again) {
    Object.assign(this.filters, changes);
    this.refresh(again);
  }

  // `again`: also what is typed, as the filters came from elsewhere.
  refresh(again) {
    const { filters, data } = this;
    const theme = this.dark ? "dark" : "light";
    const repainted = document.documentElement.dataset.theme !== theme;
    document.documentElement.dataset.theme = theme;
    byId("theme").textContent = this.dark ? "Light" : "Dark";
    if (again) for (const key of ["with", "from", "to", "port"]) byId(`filter-${key}`).value = filters[key];
    const asked = filters.asked;
    byId("filter-port").setAttribute("aria-invalid", String(asked === undefined));
    const ports = asked || null;
    const layer = layerNumber(filters.layer);
    const sealed = filters.colour === "encryption";
    const now = [filters.show, String(ports), layer, sealed].join();
    const same = this.categories && this.categorized === now;
    if (!same) this.categories = new Categories(data, filters.show, ports, layer, sealed);
    this.categorized = now;
    const key = [filters.with, filters.from, filters.to, [...filters.hidden].join()].join("\n");
    if (!same || key !== this.surveyed) {
      this.survey = new Survey(data, filters, this.categories);
      this.surveyed = key;
      this.list.update(this.survey);
    }
    if (!same || repainted || key !== this.painted) this.#legend();
    this.painted = key;
    this.#items();
    // Encryption is of a state, not of what changed.
    byId("colours").hidden = !data.layered || filters.show === "change";
    for (const [id, shown] of [["states", filters.show], ["layers", filters.layer], ["colours", filters.colour]]) {
      for (const button of byId(id).children) button.setAttribute("aria-pressed", String(button.show === shown));
    }
    byId("view-matrix").setAttribute("aria-pressed", String(!filters.list));
    byId("view-list").setAttribute("aria-pressed", String(filters.list));
    byId("matrix-view").hidden = filters.list;
    byId("list-view").hidden = !filters.list;
    byId("empty").hidden = this.survey.shownPairs > 0;
    byId("empty").textContent = "No pair passes the filters.";
    if (filters.chosen && (again || !same || byId("details").hidden)) this.details.pair(...filters.chosen, this.categories);
    else if (!filters.chosen && again) this.details.close();
    this.#drawMatrix();
    if (again && filters.chosen && !filters.list) this.matrix.pointAt(...filters.chosen);
    this.#remember();
    clearTimeout(this.telling);
    this.telling = setTimeout(() => this.#tell(), 400);
  }

  #items() {
    const { survey, filters, data } = this;
    let { open } = filters;
    const seen = (marks) => marks.reduce((sum, mark) => sum + mark, 0);
    if (open === null && filters.chosen && data.size > OPEN_BELOW) {
      open = new Set(filters.chosen.map((end) => data.groups[data.groupOf[end]].name));
    }
    if (open === null) open = Math.max(seen(survey.rows), seen(survey.columns)) <= OPEN_BELOW ? "all" : new Set();
    this.open = open === "all" ? new Set(data.groups.map((group) => group.name)) : open;
    this.rows = survey.items(survey.rows, open);
    this.columns = survey.items(survey.columns, open);
  }

  #drawMatrix() {
    if (this.filters.list) return;
    this.matrix.update(this.survey, this.rows, this.columns, this.filters.chosen);
    const size = this.filters.size || Math.max(this.matrix.fitting(), Math.max(this.rows.length, this.columns.length) > 150 ? 4 : 14);
    if (size !== this.matrix.size) this.matrix.setSize(size);
  }

  #legend() {
    const { list } = this.categories;
    const buttons = list.map((category, index) => {
      const swatch = element("canvas", { width: 28, height: 28, "aria-hidden": "true" });
      const context = swatch.getContext("2d");
      const color = getComputedStyle(document.documentElement).getPropertyValue(category.color).trim();
      context.fillStyle = context.strokeStyle = color;
      SHAPES[category.shape](context, 0, 0, 26);
      const shown = !this.filters.hidden.has(category.key);
      const count = this.survey.totals[index].toLocaleString("en");
      return element(
        "button",
        { type: "button", "aria-pressed": String(shown), title: shown ? "Click to leave these out" : "Click to show these", "data-key": category.key, on: { click: () => this.#hide(category.key) } },
        swatch,
        element("span", { class: "word" }, category.word),
        element("span", { class: "count" }, count),
      );
    });
    const focused = document.activeElement && document.activeElement.dataset.key;
    byId("legend").replaceChildren(...buttons);
    if (focused) buttons.find((button) => button.dataset.key === focused)?.focus();
  }

  #hide(key) {
    const hidden = new Set(this.filters.hidden);
    if (!hidden.delete(key)) hidden.add(key);
    this.set({ hidden });
  }

  #tell() {
    const { survey } = this;
    byId("announcer").textContent = `${counted(survey.shownPairs, "pair", "pairs")} of ${survey.pairs.toLocaleString("en")} shown`;
  }

  #remember() {
    const hash = this.filters.hash();
    if (location.hash.replace(/^#/, "") !== hash) history.replaceState(null, "", `#${hash}`);
  }

  toggle(groups) {
    const open = new Set(this.open);
    const names = groups.map((group) => this.data.groups[group].name);
    const opening = names.some((name) => !open.has(name));
    for (const name of names) opening ? open.add(name) : open.delete(name);
    this.set({ open });
  }

  filterBy(key, name) {
    this.set({ [key]: name.startsWith("#") ? name : `=${name}` }, true);
  }

  zoom(by) {
    const at = SIZES.findIndex((size) => size >= this.matrix.size);
    const size = by ? SIZES[Math.min(Math.max(at + by, 0), SIZES.length - 1)] : this.matrix.fitting();
    this.filters.size = size;
    this.matrix.setSize(size);
    this.#remember();
  }

  chosen(row, column, byKey) {
    if (row.end >= 0 && column.end >= 0) this.choose(row.end, column.end, byKey);
    else {
      this.filters.chosen = this.matrix.chosen = null;
      this.details.group(row, column, this.survey);
      this.#remember();
      if (byKey) byId("details").focus();
    }
  }

  choose(source, destination, byKey) {
    this.filters.chosen = this.matrix.chosen = [source, destination];
    this.details.pair(source, destination, this.categories);
    this.matrix.pointAt(source, destination);
    this.#remember();
    if (byKey) byId("details").focus();
  }

  closeDetails() {
    this.details.close();
    this.filters.chosen = this.matrix.chosen = null;
    this.matrix.later();
    this.#remember();
    if (!this.filters.list) byId("grid").focus({ preventScroll: true });
  }

  hovered(row, column) {
    byId("hover").textContent = row && column ? this.words(row, column) : row || column ? this.#name(row || column) : "";
  }

  #name(item) {
    if (item.end >= 0) return this.data.names[item.end];
    const group = this.data.groups[item.group];
    return group.sort < 0 ? group.name : `namespace ${group.name}`;
  }

  // One pair, or two groups, in words.
  words(row, column) {
    const names = `${this.#name(row)} → ${this.#name(column)}`;
    const { categories } = this;
    if (row.end >= 0 && column.end >= 0) {
      const category = categories.list[categories.of(row.end, column.end)];
      if (categories.view !== "change") {
        const state = this.data.states[categories.view];
        return `${names}: ${cellWords(state.cell(row.end, column.end), categories.asked, categories.layer, state.identityOf(row.end))}`;
      }
      const [before, after] = this.data.states.map((state) => cellWords(state.cell(row.end, column.end), categories.asked, categories.layer, state.has(row.end) ? state.identityOf(row.end) : ""));
      return `${names}: ${category.word}${before === after ? `, ${after}` : `, ${before}; now ${after}`}`;
    }
    const counts = this.survey.counts(row, column);
    const words = categories.list.map((category, index) => (counts[index] ? `${counts[index].toLocaleString("en")} ${category.word}` : "")).filter(Boolean);
    return `${names}: ${words.join(" · ") || "nothing"}`;
  }
}

function failed(error) {
  const words = typeof DecompressionStream === "undefined" ? "This browser is too old for this page: it needs one of 2023 or later." : `This page could not be drawn: ${error}`;
  byId("warnings").append(element("p", { role: "alert" }, words, " ", element("code", {}, "ringfence map -o md"), " prints the same as a table."));
  byId("warnings").hidden = false;
}

Promise.resolve()
  .then(() => Data.of(JSON.parse(byId("data").textContent)))
  .then((data) => {
    new Page(data);
    document.documentElement.dataset.ready = String(Math.round(performance.now()));
  })
  .catch(failed);
