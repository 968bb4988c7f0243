// Searches, filters and sorts the products of a report; what it shows of a feed is set as text, never as HTML.
(() => {
  "use strict";
  const { rows, actions } = JSON.parse(document.getElementById("products-data").textContent);
  const [TITLE, ID, URL_, CATEGORY, COVERAGE, REQUIRED, FAILED, PICTURE, FAMILY, TO_DO] = rows.length ? rows[0].keys() : [];
  const PAGE = 50;
  const place = document.getElementById("listing");
  const make = (name, text, className) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  };
  const search = make("input");
  search.type = "search";
  search.placeholder = "Search products";
  search.setAttribute("aria-label", "Search products");
  const choice = (label, options) => {
    const select = make("select");
    select.setAttribute("aria-label", label);
    options.forEach(([value, words]) => {
      const option = make("option", words);
      option.value = value;
      select.append(option);
    });
    return select;
  };
  const counts = actions.map(() => 0);
  rows.forEach((row) => row[TO_DO].forEach((n) => (counts[n] += 1)));
  const wanted = choice("To do", [["", "All: to do"], ...actions.map((name, n) => [n, `${name} (${counts[n]})`])]);
  const groups = [...new Set(rows.map((row) => row[CATEGORY]))].filter(Boolean).sort();
  const category = choice("Category", [["", "All: category"], ...groups.map((name) => [name, name])]);
  const order = choice("Order", [["worst", "Lowest coverage first"], ["best", "Highest coverage first"], ["title", "By title"]]);
  const controls = make("div", undefined, "controls");
  controls.append(search, wanted, category, order);
  const said = make("p", "", "quiet");
  said.setAttribute("role", "status");
  const scroll = make("div", undefined, "scroll");
  const table = make("table", undefined, "products searched");
  const head = make("tr");
  ["", "Product", "Coverage", "Required open", "To do"].forEach((name, n) => {
    const cell = make("th", name, n === 2 || n === 3 ? "figure" : n === 0 ? "picture" : "");
    cell.scope = "col";
    head.append(cell);
  });
  const thead = make("thead");
  thead.append(head);
  const body = make("tbody");
  table.append(thead, body);
  scroll.append(table);
  const turn = make("div", undefined, "controls");
  const back = make("button", "Previous");
  const next = make("button", "Next");
  turn.append(back, next);
  place.replaceChildren(controls, said, scroll, turn);

  const texts = rows.map((row) => `${row[TITLE]} ${row[ID]} ${row[CATEGORY]}`.toLowerCase());
  let page = 0;
  const opened = new Set();

  const found = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const at = rows.map((_, n) => n).filter((n) =>
      words.every((word) => texts[n].includes(word)) &&
      (wanted.value === "" || rows[n][TO_DO].includes(Number(wanted.value))) &&
      (category.value === "" || rows[n][CATEGORY] === category.value));
    const covered = (n) => rows[n][COVERAGE] ?? Infinity;
    if (order.value === "best") at.sort((a, b) => (rows[b][COVERAGE] ?? -1) - (rows[a][COVERAGE] ?? -1));
    if (order.value === "worst") at.sort((a, b) => covered(a) - covered(b) || a - b);
    if (order.value === "title") at.sort((a, b) => rows[a][TITLE].localeCompare(rows[b][TITLE]));
    return at;
  };

  const families = (at) => {
    const groups = new Map();
    at.forEach((n) => {
      const family = rows[n][FAMILY];
      if (groups.has(family)) groups.get(family).push(n);
      else groups.set(family, [n]);
    });
    return [...groups.entries()];
  };

  const line = (n) => {
    const row = rows[n];
    const made = make("tr");
    const picture = make("td", undefined, "picture");
    if (row[PICTURE]) {
      const image = make("img");
      image.loading = "lazy";
      image.referrerPolicy = "no-referrer";
      image.alt = "";
      image.width = image.height = 44;
      image.addEventListener("error", () => image.remove());
      image.src = row[PICTURE];
      picture.append(image);
    }
    const name = make("td");
    const title = make("bdi");
    if (row[URL_]) {
      const anchor = make("a", row[TITLE]);
      anchor.href = row[URL_];
      anchor.rel = "noopener noreferrer nofollow";
      anchor.target = "_blank";
      title.append(anchor);
    } else title.textContent = row[TITLE];
    const about = make("div", undefined, "small quiet");
    about.append(make("bdi", row[ID]), " · ", make("bdi", row[CATEGORY] || "(no category)"));
    name.append(title, about);
    const coverage = row[FAILED] ? "failed" : row[COVERAGE] === null ? "not judged" : `${row[COVERAGE].toFixed(1)} %`;
    const names = row[TO_DO].slice(0, 3).map((at) => actions[at]);
    if (row[TO_DO].length > 3) names.push(`${row[TO_DO].length - 3} more`);
    const cells = [["Coverage", coverage, "figure"], ["Required open", row[REQUIRED] ?? "", "figure"], ["To do", names.join(", "), "small"]];
    made.append(picture, name, ...cells.map(([label, text, className]) => {
      const cell = make("td", text, className);
      cell.dataset.label = label;
      return cell;
    }));
    return { made, name };
  };

  const paint = () => {
    const at = found();
    const groups = families(at);
    const pages = Math.max(1, Math.ceil(groups.length / PAGE));
    page = Math.min(page, pages - 1);
    const shown = groups.slice(page * PAGE, (page + 1) * PAGE);
    body.replaceChildren();
    shown.forEach(([family, members]) => {
      const { made, name } = line(members[0]);
      body.append(made);
      if (members.length < 2) return;
      if (opened.has(family)) {
        members.slice(1).forEach((n) => body.append(line(n).made));
        return;
      }
      const more = make("button", `and ${members.length - 1} nearly the same`, "more");
      more.addEventListener("click", () => { opened.add(family); paint(); });
      name.append(more);
    });
    const several = groups.length < at.length ? `, in ${groups.length.toLocaleString("en")} rows of products that are nearly the same` : "";
    said.textContent = at.length ? `${at.length.toLocaleString("en")} of ${rows.length.toLocaleString("en")} products${several}` : "no products";
    turn.hidden = pages < 2;
    back.disabled = page === 0;
    next.disabled = page + 1 >= pages;
  };
  const again = () => { page = 0; paint(); };
  search.addEventListener("input", again);
  [wanted, category, order].forEach((control) => control.addEventListener("change", again));
  back.addEventListener("click", () => { page -= 1; paint(); });
  next.addEventListener("click", () => { page += 1; paint(); });
  document.querySelectorAll(".fe-card[data-action]").forEach((card) => {
    const number = card.dataset.action;
    const show = make("button", `Show them (${counts[number]})`, "show");
    show.addEventListener("click", () => {
      search.value = category.value = "";
      wanted.value = number;
      again();
      document.getElementById("products").scrollIntoView();
    });
    card.append(show);
  });
  paint();
})();
