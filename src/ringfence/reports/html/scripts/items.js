// Which pairs the filters keep, how many of each category, and so which rows and columns there are.
class Survey {
  constructor(data, filters, categories) {
    this.data = data;
    this.categories = categories;
    const kinds = categories.list.length;
    const size = data.size;
    const groups = data.groups.length;
    this.kinds = kinds;
    this.from = matching(data, filters.from);
    this.to = matching(data, filters.to);
    this.either = matching(data, filters.with);
    this.shown = Uint8Array.from(categories.list, (category) => (filters.hidden.has(category.key) ? 0 : 1));
    this.totals = new Float64Array(kinds);
    this.groupCounts = new Uint32Array(groups * groups * kinds);
    this.rows = new Uint8Array(size);
    this.columns = new Uint8Array(size);
    const { from, to, either, shown, totals, groupCounts, rows, columns } = this;
    const groupOf = data.groupOf;
    for (let destination = 0; destination < size; destination++) {
      if (to && !to[destination]) continue;
      const whole = !either || either[destination];
      const base = groupOf[destination] * kinds;
      for (let source = 0; source < size; source++) {
        if ((from && !from[source]) || !(whole || either[source])) continue;
        const category = categories.of(source, destination);
        totals[category]++;
        groupCounts[groupOf[source] * groups * kinds + base + category]++;
        if (shown[category]) {
          rows[source] = 1;
          columns[destination] = 1;
        }
      }
    }
    this.pairs = totals.reduce((sum, count) => sum + count, 0);
    this.shownPairs = totals.reduce((sum, count, category) => sum + (shown[category] ? count : 0), 0);
  }

  // Whether the filters of names keep a pair.
  keeps(source, destination) {
    return (
      (!this.from || this.from[source] === 1) &&
      (!this.to || this.to[destination] === 1) &&
      (!this.either || this.either[source] === 1 || this.either[destination] === 1)
    );
  }

  // How many pairs of two items have which category. An item is {group, end}; end is -1 for a whole group.
  counts(row, column) {
    const kinds = this.kinds;
    if (row.end < 0 && column.end < 0) {
      const start = (row.group * this.data.groups.length + column.group) * kinds;
      return this.groupCounts.subarray(start, start + kinds);
    }
    const found = new Uint32Array(kinds);
    for (const source of this.members(row)) {
      for (const destination of this.members(column)) {
        if (this.keeps(source, destination)) found[this.categories.of(source, destination)]++;
      }
    }
    return found;
  }

  members(item) {
    if (item.end >= 0) return [item.end];
    const { first, last } = this.data.groups[item.group];
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  }

  // Rows or columns from top to bottom: each group, and its ends where it is open.
  items(seen, open) {
    const found = [];
    this.data.groups.forEach((group, number) => {
      const members = [];
      for (let end = group.first; end <= group.last; end++) if (seen[end]) members.push(end);
      if (!members.length) return;
      const isOpen = open === "all" || open.has(group.name);
      found.push({ group: number, end: -1, open: isOpen, count: members.length });
      if (isOpen) for (const end of members) found.push({ group: number, end, open: false, count: 0 });
    });
    return found;
  }
}
