// The table of submissions: sort by a column, search, show only some. Without this script the table is complete.
(() => {
  const table = document.querySelector(".gs-rows");
  const tools = document.querySelector(".gs-tools");
  const body = table.tBodies[0];
  const none = document.querySelector(".gs-none");
  const shown = document.querySelector(".gs-shown");
  const search = tools.querySelector("input");
  const chips = [...tools.querySelectorAll(".gs-chip")];
  const more = document.querySelector(".gs-more");
  const PAGE = 500; // rows laid out at once: thousands make a browser slow
  let limit = PAGE;
  let rows = [...body.rows].map((row, place) => ({
    row, place, kinds: row.dataset.kinds.split(" "), visible: true,
    text: [0, 1, 4].map((column) => row.cells[column].textContent).join(" ").toLowerCase(),
  }));
  const number = new Intl.NumberFormat("en");
  const order = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = chips.filter((chip) => chip.getAttribute("aria-pressed") === "true").map((chip) => chip.dataset.kind);
    let count = 0;
    for (const entry of rows) {
      const matches = words.every((word) => entry.text.includes(word))
        && (wanted.length === 0 || wanted.some((kind) => entry.kinds.includes(kind)));
      count += matches;
      const visible = matches && count <= limit;
      if (visible !== entry.visible) entry.row.hidden = !visible;
      entry.visible = visible;
    }
    const all = `${number.format(rows.length)} ${rows.length === 1 ? "submission" : "submissions"}`;
    shown.textContent = count === rows.length ? all : `${number.format(count)} of ${all}`;
    none.hidden = count > 0 || rows.length === 0;
    more.hidden = count <= limit;
    more.firstElementChild.textContent = `Show ${number.format(Math.min(PAGE, count - limit))} more`;
  };

  let pending = 0;
  search.addEventListener("input", () => {
    clearTimeout(pending);
    limit = PAGE;
    pending = setTimeout(apply, rows.length > 2000 ? 150 : 0);
  });
  for (const chip of chips) {
    chip.addEventListener("click", () => {
      chip.setAttribute("aria-pressed", chip.getAttribute("aria-pressed") === "true" ? "false" : "true");
      limit = PAGE;
      apply();
    });
  }

  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "gs-sort";
    button.append(...head.childNodes);
    head.append(button);
    const numeric = head.dataset.sort === "number";
    const value = (entry) => {
      const cell = entry.row.cells[column];
      return numeric ? Number(cell.dataset.v) : cell.firstChild.textContent;
    };
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const keyed = rows.map((entry) => [value(entry), entry]);
      const compare = numeric ? (a, b) => a - b : order.compare;
      keyed.sort((a, b) => (down ? -1 : 1) * compare(a[0], b[0]) || a[1].place - b[1].place);
      rows = keyed.map((pair) => pair[1]);
      for (const entry of rows) body.append(entry.row);
      apply();
    });
  });
  more.firstElementChild.addEventListener("click", () => {
    limit += PAGE;
    apply();
  });
  if (rows.length > PAGE) apply();
  tools.hidden = false;
})();
