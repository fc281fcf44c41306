// The matrix on a canvas. Only what is in sight is drawn; scrolling is the browser's own.
const PLAIN_BELOW = 8; // smaller cells are single colours
const LABEL_FROM = 11; // smaller rows have no labels of their own
const LETTER = 7.3;

class MatrixView {
  constructor(data, elements, on) {
    this.data = data;
    this.on = on;
    this.scroller = elements.scroller;
    this.spacer = elements.spacer;
    this.canvas = elements.canvas;
    this.cursorCells = elements.cursors;
    this.cursorRow = elements.cursorRow;
    this.context = this.canvas.getContext("2d", { alpha: false });
    this.pixels = document.createElement("canvas");
    this.rows = [];
    this.columns = [];
    this.cursor = [0, 0];
    this.hover = null;
    this.size = 18;
    this.scroller.addEventListener("scroll", () => this.later(), { passive: true });
    this.scroller.addEventListener("keydown", (event) => this.#key(event));
    this.scroller.addEventListener("focus", () => this.later());
    this.scroller.addEventListener("blur", () => this.later());
    this.canvas.addEventListener("pointermove", (event) => this.#point(event));
    this.canvas.addEventListener("pointerleave", () => this.#hovered(null));
    this.canvas.addEventListener("click", (event) => this.#click(event));
    this.canvas.addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey) return;
        event.preventDefault();
        this.on.zoom(event.deltaY < 0 ? 1 : -1);
      },
      { passive: false },
    );
    new ResizeObserver(() => {
      if (this.survey) this.measure();
      this.resize();
    }).observe(this.scroller);
  }

  // New rows and columns. The cursor stays on its pair where that is still there.
  update(survey, rows, columns, chosen) {
    const old = [this.rows[this.cursor[0]], this.columns[this.cursor[1]]];
    this.survey = survey;
    this.rows = rows;
    this.columns = columns;
    this.chosen = chosen;
    this.cursor = [placeOf(rows, old[0]), placeOf(columns, old[1])];
    this.measure();
    this.resize();
    this.say();
  }

  measure() {
    const longest = (items) =>
      items.reduce((most, item) => Math.max(most, this.#label(item).length + (item.end < 0 ? 2.5 : 4)), 6);
    const room = this.scroller.clientWidth < 640 ? 130 : 250;
    this.left = Math.min(room, Math.ceil(longest(this.rows) * LETTER) + 12);
    this.top = Math.min(this.scroller.clientHeight < 480 ? 110 : 190, Math.ceil(longest(this.columns) * LETTER) + 12);
  }

  setSize(size) {
    const [row, column] = [
      (this.scroller.scrollTop + this.canvas.clientHeight / 2) / this.size,
      (this.scroller.scrollLeft + this.canvas.clientWidth / 2) / this.size,
    ];
    this.size = size;
    this.resize();
    this.scroller.scrollTop = row * size - this.canvas.clientHeight / 2;
    this.scroller.scrollLeft = column * size - this.canvas.clientWidth / 2;
  }

  // The largest size at which all is in sight, but never one that is too small to see.
  fitting() {
    const width = (this.scroller.clientWidth - this.left - 2) / Math.max(1, this.columns.length);
    const height = (this.scroller.clientHeight - this.top - 2) / Math.max(1, this.rows.length);
    const fits = SIZES.filter((size) => size <= Math.min(width, height, 28));
    return fits.length ? fits[fits.length - 1] : SIZES[0];
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.scroller;
    if (!width || !height || this.left === undefined) return;
    const ratio = window.devicePixelRatio || 1;
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.ratio = ratio;
    this.spacer.style.width = `${Math.max(width, this.left + this.columns.length * this.size + 8)}px`;
    this.spacer.style.height = `${Math.max(height, this.top + this.rows.length * this.size + 8)}px`;
    this.scroller.setAttribute("aria-rowcount", String(this.rows.length));
    this.scroller.setAttribute("aria-colcount", String(this.columns.length));
    this.draw();
  }

  later() {
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = 0;
      this.draw();
    });
  }

  palette() {
    const style = getComputedStyle(document.documentElement);
    const of = (name) => style.getPropertyValue(name).trim();
    this.colors = this.survey.categories.list.map((category) => of(category.color));
    // Where a cell is all colour, what is denied must not be the loudest.
    const quiet = { denied: "--grid", none: "--surface", same: "--line" };
    this.rgb = this.survey.categories.list.map((category) => rgbOf(of(quiet[category.key] || category.color)));
    this.paint = Object.fromEntries(
      ["surface", "band", "line", "grid", "text", "soft", "accent", "focus", "cross", "none"].map((name) => [
        name,
        of(`--${name}`),
      ]),
    );
    this.surfaceRgb = rgbOf(this.paint.surface);
    this.bandRgb = rgbOf(this.paint.band);
    this.fonts = { mono: of("--mono") };
  }

  draw() {
    if (!this.survey || !this.canvas.width) return;
    this.palette();
    const context = this.context;
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    const width = this.canvas.width / this.ratio;
    const height = this.canvas.height / this.ratio;
    context.fillStyle = this.paint.surface;
    context.fillRect(0, 0, width, height);
    const { size, left, top } = this;
    const x = this.scroller.scrollLeft;
    const y = this.scroller.scrollTop;
    this.window = {
      firstColumn: Math.floor(x / size),
      lastColumn: Math.min(this.columns.length, Math.ceil((x + width - left) / size)),
      firstRow: Math.floor(y / size),
      lastRow: Math.min(this.rows.length, Math.ceil((y + height - top) / size)),
      width,
      height,
    };
    context.save();
    context.beginPath();
    context.rect(left, top, width - left, height - top);
    context.clip();
    if (size < PLAIN_BELOW) this.#drawPixels(x, y);
    else this.#drawCells(x, y);
    this.#drawGroupLines(x, y);
    this.#drawMarks(x, y);
    context.restore();
    this.#drawRowLabels(y);
    this.#drawColumnLabels(x);
    context.fillStyle = this.paint.surface;
    context.fillRect(0, 0, left, top);
    context.strokeStyle = this.paint.line;
    context.beginPath();
    context.moveTo(0, top + 0.5);
    context.lineTo(width, top + 0.5);
    context.moveTo(left + 0.5, 0);
    context.lineTo(left + 0.5, height);
    context.stroke();
    context.fillStyle = this.paint.soft;
    context.font = `11px ${this.fonts.mono}`;
    context.textBaseline = "alphabetic";
    if (top > 60 && left > 120) {
      context.textAlign = "right";
      context.fillText("destination →", left - 10, top - 30);
      context.textAlign = "left";
      context.fillText("source ↓", 20, top - 10);
    }
  }

  #drawPixels(x, y) {
    const { firstRow, lastRow, firstColumn, lastColumn } = this.window;
    const wide = lastColumn - firstColumn;
    const high = lastRow - firstRow;
    if (wide <= 0 || high <= 0) return;
    const image = this.context.createImageData(wide, high);
    const pixels = new Uint32Array(image.data.buffer);
    const { survey } = this;
    const { categories } = survey;
    const surface = packed(this.surfaceRgb);
    const band = packed(this.bandRgb);
    const colors = Uint32Array.from(this.rgb, (color, category) => (survey.shown[category] ? packed(color) : surface));
    const whole = !survey.from && !survey.to && !survey.either;
    let at = 0;
    for (let row = firstRow; row < lastRow; row++) {
      const from = this.rows[row];
      const source = from.end;
      for (let column = firstColumn; column < lastColumn; column++, at++) {
        const to = this.columns[column];
        if (source >= 0 && to.end >= 0) {
          pixels[at] = whole || survey.keeps(source, to.end) ? colors[categories.of(source, to.end)] : surface;
        } else if (from.open || to.open) pixels[at] = band;
        else pixels[at] = packed(this.#blended(survey.counts(from, to)));
      }
    }
    this.pixels.width = wide;
    this.pixels.height = high;
    this.pixels.getContext("2d").putImageData(image, 0, 0);
    const context = this.context;
    context.imageSmoothingEnabled = false;
    const { size, left, top } = this;
    context.drawImage(this.pixels, left + firstColumn * size - x, top + firstRow * size - y, wide * size, high * size);
  }

  #blended(counts) {
    const mixed = [0, 0, 0];
    let sum = 0;
    counts.forEach((count, category) => {
      if (!count || category === this.survey.categories.none) return;
      const color = this.survey.shown[category] ? this.rgb[category] : this.surfaceRgb;
      sum += count;
      for (let index = 0; index < 3; index++) mixed[index] += color[index] * count;
    });
    return sum ? mixed.map((value) => value / sum) : this.surfaceRgb;
  }

  #drawCells(x, y) {
    const { firstRow, lastRow, firstColumn, lastColumn } = this.window;
    const { size, left, top, survey, context } = this;
    const { shown, categories } = survey;
    const byCategory = categories.list.map(() => []);
    for (let row = firstRow; row < lastRow; row++) {
      const from = this.rows[row];
      const down = top + row * size - y;
      for (let column = firstColumn; column < lastColumn; column++) {
        const to = this.columns[column];
        const across = left + column * size - x;
        if (from.end >= 0 && to.end >= 0) {
          if (!survey.keeps(from.end, to.end)) continue;
          const category = categories.of(from.end, to.end);
          if (shown[category]) byCategory[category].push(across, down);
        } else this.#drawSum(survey.counts(from, to), across, down);
      }
    }
    byCategory.forEach((places, category) => {
      context.fillStyle = this.colors[category];
      context.strokeStyle = this.colors[category];
      const shape = SHAPES[categories.list[category].shape];
      for (let index = 0; index < places.length; index += 2) shape(context, places[index], places[index + 1], size);
    });
  }

  // A closed namespace: its pairs as parts of a bar. Even one pair of a thousand can be seen.
  #drawSum(counts, across, down) {
    const { size, context, survey } = this;
    const none = survey.categories.none;
    let sum = 0;
    counts.forEach((count, category) => (sum += category === none ? 0 : count));
    context.fillStyle = this.paint.band;
    context.fillRect(across + 1, down + 1, size - 1, size - 1);
    if (!sum) return;
    const room = size - 3;
    const widths = Array.from(counts, (count, category) =>
      count && category !== none && survey.shown[category] ? Math.max(1.5, (count / sum) * room) : 0,
    );
    const denied = survey.categories.list.findIndex((category) => category.key === "denied");
    const others = widths.reduce((total, width, category) => total + (category === denied ? 0 : width), 0);
    widths[denied] = Math.min(widths[denied], Math.max(0, room - others));
    const scale = others > room ? room / others : 1;
    let at = across + 2;
    widths.forEach((width, category) => {
      if (!width || category === denied) return;
      context.fillStyle = this.colors[category];
      context.fillRect(at, down + 2, width * scale, room);
      at += width * scale;
    });
  }

  #drawGroupLines(x, y) {
    const { firstRow, lastRow, firstColumn, lastColumn, width, height } = this.window;
    const { size, left, top, context } = this;
    context.fillStyle = this.paint.line;
    if (size < 3 && this.rows.length > 600) context.globalAlpha = 0.6;
    for (let row = firstRow; row < lastRow; row++) {
      if (this.rows[row].end < 0 && this.#apart(this.rows, row)) {
        context.fillRect(left, Math.round(top + row * size - y), Math.min(width, left + this.columns.length * size - x) - left, 1);
      }
    }
    for (let column = firstColumn; column < lastColumn; column++) {
      if (this.columns[column].end < 0 && this.#apart(this.columns, column)) {
        context.fillRect(Math.round(left + column * size - x), top, 1, Math.min(height, top + this.rows.length * size - y) - top);
      }
    }
    context.globalAlpha = 1;
  }

  // A line stands before a group that is open, and after one.
  #apart(items, index) {
    return items[index].open || (index > 0 && items[index - 1].end >= 0);
  }

  #drawMarks(x, y) {
    const { size, left, top, context, hover } = this;
    const { width, height } = this.window;
    const box = (row, column, color, thick) => {
      context.strokeStyle = color;
      context.lineWidth = thick;
      const inset = size > 8 ? thick / 2 : -1.5;
      context.strokeRect(left + column * size - x + inset, top + row * size - y + inset, size + 1 - 2 * inset, size + 1 - 2 * inset);
      context.lineWidth = 1;
    };
    if (hover) {
      context.fillStyle = this.paint.cross;
      if (hover.row >= 0) context.fillRect(left, top + hover.row * size - y, width, size);
      if (hover.column >= 0) context.fillRect(left + hover.column * size - x, top, size, height);
      if (hover.row >= 0 && hover.column >= 0) box(hover.row, hover.column, this.paint.accent, 1.5);
    }
    if (this.chosen) {
      const row = this.rows.findIndex((item) => item.end === this.chosen[0]);
      const column = this.columns.findIndex((item) => item.end === this.chosen[1]);
      if (row >= 0 && column >= 0) box(row, column, this.paint.text, 2.5);
    }
    if (document.activeElement === this.scroller && this.rows.length && this.columns.length) {
      box(this.cursor[0], this.cursor[1], this.paint.focus, 2.5);
    }
  }

  #label(item) {
    const group = this.data.groups[item.group];
    return item.end < 0 ? `${group.name} (${item.count})` : this.data.shortName(item.end);
  }

  // Ends that the search found stand out.
  #ink(item) {
    if (item.end < 0) return this.paint.text;
    return this.survey.either && this.survey.either[item.end] ? this.paint.accent : this.paint.soft;
  }

  #drawRowLabels(y) {
    const { firstRow, lastRow, height } = this.window;
    const { size, left, top, context } = this;
    context.save();
    context.beginPath();
    context.rect(0, top, left, height - top);
    context.clip();
    context.textBaseline = "middle";
    context.textAlign = "left";
    const text = (item, middle) => {
      const group = item.end < 0;
      context.font = `${group ? 600 : 400} ${fontSize(size)}px ${this.fonts.mono}`;
      context.fillStyle = this.#ink(item);
      if (group) context.fillText(item.open ? "▾" : "▸", 7, middle);
      context.fillText(shortened(this.#label(item), (left - (group ? 26 : 36)) / letterWidth(size)), group ? 20 : 30, middle);
    };
    this.#labels(this.rows, firstRow, lastRow, y, top, height, this.hover && this.hover.row, text, (at, long) => {
      context.fillRect(0, at, left, long);
    });
    context.restore();
  }

  #drawColumnLabels(x) {
    const { firstColumn, lastColumn, width } = this.window;
    const { size, left, top, context } = this;
    context.save();
    context.beginPath();
    context.rect(left, 0, width - left, top);
    context.clip();
    context.textBaseline = "middle";
    context.textAlign = "left";
    const text = (item, middle) => {
      const group = item.end < 0;
      context.save();
      context.translate(middle, top - (group ? 7 : 20));
      context.rotate(-Math.PI / 2);
      context.font = `${group ? 600 : 400} ${fontSize(size)}px ${this.fonts.mono}`;
      context.fillStyle = this.#ink(item);
      if (group) context.fillText(item.open ? "▾" : "▸", 0, 0);
      context.fillText(shortened(this.#label(item), (top - 28) / letterWidth(size)), group ? 13 : 0, 0);
      context.restore();
    };
    const hovered = this.hover && this.hover.column;
    this.#labels(this.columns, firstColumn, lastColumn, x, left, width, hovered, text, (at, long) => {
      context.fillRect(at, 0, long, top);
    });
    context.restore();
  }

  // Labels of one axis. Where rows are too small for their own, each group has one along all of it that is in sight.
  #labels(items, first, last, scrolled, start, end, hovered, text, band) {
    const { size, context } = this;
    if (hovered !== null && hovered >= 0) {
      context.fillStyle = this.paint.cross;
      band(start + hovered * size - scrolled, Math.max(size, 2));
    }
    if (size >= LABEL_FROM) {
      for (let index = first; index < last; index++) {
        if (items[index].end < 0) {
          context.fillStyle = this.paint.band;
          band(start + index * size - scrolled + 1, size - 1);
        }
        text(items[index], start + index * size - scrolled + size / 2 + 0.5);
      }
      return;
    }
    let index = first;
    while (index > 0 && items[index] && items[index].end >= 0) index--;
    let free = start;
    for (; index < last; ) {
      let next = index + 1;
      while (next < items.length && items[next].end >= 0) next++;
      const from = Math.max(start, start + index * size - scrolled);
      const to = Math.min(end, start + next * size - scrolled);
      const middle = Math.max((from + to) / 2, from + 6);
      if (middle - 6 >= free && to - from >= Math.min(9, size)) {
        text(items[index], middle);
        free = middle + 7;
      }
      index = next;
    }
  }

  #at(event) {
    const box = this.canvas.getBoundingClientRect();
    const x = event.clientX - box.left;
    const y = event.clientY - box.top;
    const column = x < this.left ? -1 : Math.floor((x - this.left + this.scroller.scrollLeft) / this.size);
    const row = y < this.top ? -1 : Math.floor((y - this.top + this.scroller.scrollTop) / this.size);
    if (column >= this.columns.length || row >= this.rows.length || (row < 0 && column < 0)) return null;
    return { row, column };
  }

  #point(event) {
    this.#hovered(this.#at(event));
  }

  #hovered(place) {
    const old = this.hover;
    if (old === place || (old && place && old.row === place.row && old.column === place.column)) return;
    this.hover = place;
    this.canvas.style.cursor = place ? "pointer" : "default";
    this.on.hover(place && this.rows[place.row], place && this.columns[place.column]);
    this.later();
  }

  #click(event) {
    const place = this.#at(event);
    if (!place) return;
    if (place.row < 0 || place.column < 0) {
      const item = place.row < 0 ? this.columns[place.column] : this.rows[place.row];
      // Rows that are too small for labels are named by their group.
      if (item.end < 0 || this.size < LABEL_FROM) this.on.toggle([item.group]);
      else this.on.end(item.end);
      return;
    }
    this.cursor = [place.row, place.column];
    this.scroller.focus({ preventScroll: true });
    this.say();
    this.on.choose(this.rows[place.row], this.columns[place.column]);
    this.later();
  }

  #key(event) {
    if (event.altKey || event.metaKey || !this.rows.length || !this.columns.length) return;
    const page = Math.max(1, Math.floor((this.canvas.clientHeight - this.top) / this.size) - 1);
    const lastRow = this.rows.length - 1;
    const lastColumn = this.columns.length - 1;
    const [row, column] = this.cursor;
    const moves = {
      ArrowUp: [row - 1, column],
      ArrowDown: [row + 1, column],
      ArrowLeft: [row, column - 1],
      ArrowRight: [row, column + 1],
      k: [row - 1, column],
      j: [row + 1, column],
      h: [row, column - 1],
      l: [row, column + 1],
      PageUp: [row - page, column],
      PageDown: [row + page, column],
      Home: event.ctrlKey ? [0, 0] : [row, 0],
      End: event.ctrlKey ? [lastRow, lastColumn] : [row, lastColumn],
    };
    const to = moves[event.key];
    if (to && (!event.ctrlKey || event.key === "Home" || event.key === "End")) {
      event.preventDefault();
      this.moveTo(to[0], to[1]);
    } else if (event.key === "Enter") {
      event.preventDefault();
      this.on.choose(this.rows[row], this.columns[column], true);
    } else if (event.key === " ") {
      event.preventDefault();
      this.on.toggle([...new Set([this.rows[row].group, this.columns[column].group])]);
    }
  }

  moveTo(row, column) {
    this.cursor = [
      Math.min(Math.max(row, 0), this.rows.length - 1),
      Math.min(Math.max(column, 0), this.columns.length - 1),
    ];
    this.#reveal();
    this.say();
    this.on.hover(this.rows[this.cursor[0]], this.columns[this.cursor[1]]);
    this.later();
  }

  #reveal() {
    const { size, left, top, scroller } = this;
    const [row, column] = this.cursor;
    const wide = scroller.clientWidth - left - size;
    const high = scroller.clientHeight - top - size;
    scroller.scrollLeft = Math.min(column * size, Math.max(scroller.scrollLeft, column * size - wide));
    scroller.scrollTop = Math.min(row * size, Math.max(scroller.scrollTop, row * size - high));
  }

  // Puts the cursor on a pair, if it has a row and a column.
  pointAt(source, destination) {
    const row = this.rows.findIndex((item) => item.end === source);
    const column = this.columns.findIndex((item) => item.end === destination);
    if (row >= 0 && column >= 0) {
      this.cursor = [row, column];
      this.#reveal();
      this.say();
    }
    this.later();
  }

  // What a screen reader says of the cell under the cursor.
  say() {
    const [row, column] = this.cursor;
    const empty = !this.rows.length || !this.columns.length;
    const words = empty ? "no pair is shown" : this.on.words(this.rows[row], this.columns[column]);
    if (this.cursorCells[0].getAttribute("aria-label") === words) return;
    // Two cells take turns, as a change of one that has the focus already may not be read out.
    this.cursorCells.reverse();
    const [cell, other] = this.cursorCells;
    cell.removeAttribute("aria-hidden");
    other.setAttribute("aria-hidden", "true");
    this.cursorRow.setAttribute("aria-rowindex", String(row + 1));
    cell.setAttribute("aria-colindex", String(column + 1));
    cell.setAttribute("aria-label", words);
    this.scroller.setAttribute("aria-activedescendant", cell.id);
  }
}

function placeOf(items, wanted) {
  if (!wanted) return 0;
  const same = items.findIndex((item) => item.group === wanted.group && item.end === wanted.end);
  if (same >= 0) return same;
  return Math.max(0, items.findIndex((item) => item.group === wanted.group));
}

function fontSize(size) {
  return size >= 14 || size < LABEL_FROM ? 12 : size - 1.5;
}

function letterWidth(size) {
  return (LETTER * fontSize(size)) / 12;
}

function shortened(text, letters) {
  if (text.length <= letters) return text;
  const kept = Math.max(3, Math.floor(letters) - 1);
  const end = Math.floor(kept / 3);
  return `${text.slice(0, kept - end)}…${text.slice(text.length - end)}`;
}

// A colour as a pixel of an image, on machines that write the lowest byte first: all that browsers run on.
function packed([red, green, blue]) {
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

function rgbOf(color) {
  const short = /^#(.)(.)(.)$/.exec(color);
  const hex = short ? `${short[1]}${short[1]}${short[2]}${short[2]}${short[3]}${short[3]}` : color.slice(1);
  return [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16));
}
