// The same pairs as a table: what the matrix shows, for reading in order, and without a picture.
const PAGE = 200;

class ListView {
  constructor(data, elements, on) {
    this.data = data;
    this.body = elements.body;
    this.count = elements.count;
    this.back = elements.back;
    this.on_ = elements.on;
    this.on = on;
    this.page = 0;
    this.back.addEventListener("click", () => this.#turn(-1));
    this.on_.addEventListener("click", () => this.#turn(1));
  }

  #turn(by) {
    this.page += by;
    this.draw();
    this.body.closest(".table").scrollTop = 0;
  }

  update(survey) {
    this.survey = survey;
    this.page = 0;
    this.draw();
  }

  draw() {
    const { survey } = this;
    const from = this.page * PAGE;
    const rows = this.#pairs(from, from + PAGE).map(([source, destination]) => this.#row(source, destination));
    this.body.replaceChildren(...rows);
    const sum = survey.shownPairs;
    const last = Math.min(from + PAGE, sum);
    this.count.textContent = sum ? `Pairs ${(from + 1).toLocaleString("en")} to ${last.toLocaleString("en")} of ${sum.toLocaleString("en")}` : "No pair passes the filters.";
    this.back.disabled = from === 0;
    this.on_.disabled = last >= sum;
  }

  // Pairs that pass, by source, from one place in that order up to another.
  #pairs(first, after) {
    const { survey, data } = this;
    const found = [];
    let at = 0;
    for (let source = 0; source < data.size; source++) {
      if (!survey.rows[source]) continue;
      for (let destination = 0; destination < data.size; destination++) {
        if (!survey.columns[destination] || !survey.keeps(source, destination)) continue;
        if (!survey.shown[survey.categories.of(source, destination)]) continue;
        if (at >= first) found.push([source, destination]);
        if (++at >= after) return found;
      }
    }
    return found;
  }

  #row(source, destination) {
    const { data, survey } = this;
    const category = survey.categories.list[survey.categories.of(source, destination)];
    const change = survey.categories.view === "change";
    const states = change ? data.states : [data.states[survey.categories.view]];
    const words = states.map((state) => cellWords(state.cell(source, destination), survey.categories.asked, survey.categories.layer, state.has(source) ? state.identityOf(source) : ""));
    if (words[0] === words[1]) words.pop();
    const chip = { all: "allowed", some: "allowed" }[category.key] || category.key;
    const why = element("button", { type: "button", class: "link", "aria-label": `Explain ${data.names[source]} to ${data.names[destination]}`, on: { click: () => this.on.pair(source, destination) } }, "Explain");
    return element(
      "tr",
      {},
      element("td", {}, data.names[source]),
      element("td", {}, data.names[destination]),
      element("td", {}, element("span", { class: `chip ${chip}` }, chip === "allowed" ? "allowed" : category.word)),
      element("td", {}, words.join("; now ")),
      element("td", {}, why),
    );
  }
}
